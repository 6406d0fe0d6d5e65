using System.Globalization;
using System.Text;
using Beret.Text;
using Beret.Training;

namespace Beret.Cli;

/// <summary>What <c>--max-length auto</c> found, as a table.</summary>
internal static class LengthTable
{
    /// <param name="survey">What was found.</param>
    /// <param name="truncation">What becomes of longer texts in this run.</param>
    public static string Render(LengthSurvey survey, Truncation truncation)
    {
        var text = new StringBuilder();
        var among = survey.Sampled < survey.Texts ? $"{N(survey.Sampled)} of {N(survey.Texts)} texts, evenly spread" : $"{N(survey.Texts)} texts";
        text.Append(CultureInfo.InvariantCulture, $"Lengths of {among}: {survey.Mean:f1} tokens on average, median {survey.Median}, 95 in 100 at most {survey.Percentile95}, the longest {survey.Longest}.\n");
        text.Append($"{"",-31}{"texts whole",12}{"tokens read",13}{"windows",9}{"tokens/text",13}{"cost",7}\n");
        foreach (var choice in survey.Choices)
        {
            // Where every text is whole it makes no difference what would become of longer ones.
            var differs = choice.Whole < 1;
            if (choice.IsWindowed && !differs)
            {
                continue;
            }

            var policy = !differs ? "" : choice.IsWindowed ? "windows" : truncation == Truncation.Windows ? "head" : truncation.Format();
            var isChosen = choice.MaxLength == survey.Chosen.MaxLength && (!differs || choice.IsWindowed == survey.Chosen.IsWindowed);
            text.Append(
                CultureInfo.InvariantCulture,
                $"{(isChosen ? '*' : ' ')} {$"--max-length {choice.MaxLength} {policy}",-29}{choice.Whole,12:p1}{choice.Kept,13:p1}{choice.Windows,9:f2}{choice.Tokens,13:f1}{choice.Cost,6:f2}x\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"head, tail and head+tail read as many tokens; cost: the operations of an epoch, those of {LengthSurvey.Reference} tokens, cut, being 1.\n");
        return text.Append(Taken(survey)).Append("\n\n").ToString();
    }

    /// <summary>What was taken, and why.</summary>
    public static string Taken(LengthSurvey survey)
    {
        var share = LengthSurvey.WholeTexts.ToString("p0", CultureInfo.InvariantCulture);
        return $"Taken: --max-length {survey.Chosen.MaxLength}, "
            + (survey.Chosen.Whole >= LengthSurvey.WholeTexts ? $"the smallest in which {share} of the texts are whole." : $"the largest: in none of these are {share} of the texts whole.");
    }

    private static string N(int count) => count.ToString("n0", CultureInfo.InvariantCulture);
}
