using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Training;

/// <summary>
/// How long the training texts are, what each maximum length would keep, cut and cost, and which one is taken: the smallest in which at least
/// <see cref="WholeTexts"/> of the texts are whole, and where there is none the largest that the model has positions for.
/// </summary>
public sealed record LengthSurvey
{
    /// <summary>The share of the texts that are to be whole.</summary>
    public const double WholeTexts = 0.95;

    /// <summary>The length whose cost, where longer texts are cut to it, is 1; or the smallest choice, where the model has not so many positions.</summary>
    public const int Reference = 128;

    /// <summary>The most texts that are looked at.</summary>
    public const int MostTexts = 10_000;

    private static readonly int[] Lengths = [64, 128, 256, 512];

    private LengthSurvey()
    {
    }

    /// <summary>The number of training texts.</summary>
    public required int Texts { get; init; }

    /// <summary>How many of them were looked at: all, or <see cref="MostTexts"/>, evenly spread over them.</summary>
    public required int Sampled { get; init; }

    /// <summary>Tokens of a text, special tokens included: the mean.</summary>
    public required double Mean { get; init; }

    /// <summary>Tokens of a text: half of the texts have at most so many.</summary>
    public required int Median { get; init; }

    /// <summary>Tokens of a text: 95 in 100 have at most so many.</summary>
    public required int Percentile95 { get; init; }

    /// <summary>Tokens of the longest.</summary>
    public required int Longest { get; init; }

    /// <summary>Each length, first with longer texts cut (head, tail and head+tail keep as many tokens as each other), then with windows.</summary>
    public required IReadOnlyList<LengthChoice> Choices { get; init; }

    /// <summary>The one that is taken.</summary>
    public required LengthChoice Chosen { get; init; }

    /// <summary>What a recipe leaves open about the length of texts, decided.</summary>
    /// <param name="job">What is to be trained.</param>
    /// <param name="before">The recipe of the run that goes on, which has decided it already; null for a new run.</param>
    /// <param name="callbacks">Is told what was found.</param>
    /// <param name="cancellation">Stops the looking.</param>
    /// <exception cref="BeretException">There are no labelled texts to go by, or windows would overlap by more than half.</exception>
    internal static TrainingRecipe Decide(TrainingJob job, TrainingRecipe? before, TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var recipe = job.Recipe;
        if (recipe.MaxLength == TrainingRecipe.AutoLength)
        {
            recipe = recipe with { MaxLength = before?.MaxLength ?? Look().Chosen.MaxLength };
        }

        if (recipe.Truncation != Truncation.Windows)
        {
            return recipe;
        }

        var overlap = recipe.WindowOverlap ?? EncodeOptions.UsualOverlap(recipe.MaxLength);
        return overlap <= EncodeOptions.LargestOverlap(recipe.MaxLength)
            ? recipe with { WindowOverlap = overlap }
            : throw new TrainingException(
                $"--window-overlap {overlap} is more than half of --max-length {recipe.MaxLength}: windows of so many tokens overlap by 0 to {EncodeOptions.LargestOverlap(recipe.MaxLength)}");

        LengthSurvey Look()
        {
            callbacks.Preparing("looking at the lengths of the texts");
            var files = ModelFiles.Open(job.ModelFolder, job.Source);
            var survey = Of(job.Data.Examples, files.LoadTokenizer(), files.Config, recipe, cancellation);
            callbacks.Surveyed(survey);
            return survey;
        }
    }

    /// <summary>Looks at texts.</summary>
    /// <param name="texts">Those that are trained on.</param>
    /// <param name="tokenizer">The encoder's.</param>
    /// <param name="config">The encoder's.</param>
    /// <param name="recipe">Says how long texts are read.</param>
    /// <param name="cancellation">Stops it.</param>
    internal static LengthSurvey Of(IReadOnlyList<Example> texts, Tokenizer tokenizer, EncoderConfig config, TrainingRecipe recipe, CancellationToken cancellation)
    {
        if (texts.Count == 0)
        {
            throw new TrainingException("--max-length auto goes by the labelled texts, and there are none: give a number, such as --max-length 128");
        }

        var count = Math.Min(MostTexts, texts.Count);
        Example[] sample = [.. Enumerable.Range(0, count).Select(i => texts[(int)((long)i * texts.Count / count)])];
        var whole = Read(EncodeOptions.Default, sample);
        int[] lengths = [.. Enumerable.Range(0, count).Select(whole.LengthOf).Order()];
        int[] offered = [.. Lengths.Where(length => length <= config.MaxPositions)];
        var measured = (offered.Length > 0 ? offered : [config.MaxPositions]).SelectMany(Measure).ToList();
        var unit = measured.FirstOrDefault(choice => choice.MaxLength == Reference)?.Cost ?? measured[0].Cost;
        LengthChoice[] choices = [.. measured.Select(choice => choice with { Cost = choice.Cost / unit })];
        var isWindowed = recipe.Truncation == Truncation.Windows;
        var own = choices.Where(choice => choice.IsWindowed == isWindowed).ToList();
        return new LengthSurvey
        {
            Texts = texts.Count,
            Sampled = count,
            Mean = lengths.Average(),
            Median = lengths[(count - 1) / 2],
            Percentile95 = lengths[(int)Math.Ceiling(0.95 * count) - 1],
            Longest = lengths[^1],
            Choices = choices,
            Chosen = own.FirstOrDefault(choice => choice.Whole >= WholeTexts) ?? own[^1],
        };

        TokenStore Read(EncodeOptions options, IReadOnlyList<Example> examples) => TokenStore.Build(tokenizer, examples, options, recipe.ThreadCount, null, cancellation);

        // What is cut keeps what the first window holds, and texts that fit are as they are: only the longer ones are read again.
        IEnumerable<LengthChoice> Measure(int length)
        {
            var longer = Enumerable.Range(0, count).Where(i => whole.LengthOf(i) > length).ToArray();
            var windows = Read(
                recipe.TrainingEncodeOptions with { MaxLength = length, Truncation = Truncation.Windows, WindowOverlap = OverlapAt(length) }, [.. longer.Select(i => sample[i])]);
            var (cut, wide) = (new Share(config), new Share(config));
            for (int i = 0, next = 0; i < count; i++)
            {
                if (whole.LengthOf(i) <= length)
                {
                    cut.Add(1, whole.LengthOf(i), 0);
                    wide.Add(1, whole.LengthOf(i), 0);
                    continue;
                }

                cut.Add(1, windows.LengthOf(next), whole.LengthOf(i) - windows.LengthOf(next));
                wide.Add(windows.WindowsOf(next), windows.LengthOf(next), windows.CutOf(next));
                next++;
            }

            yield return cut.Choice(length, isWindowed: false, count, longer.Length, whole.Tokens);
            yield return wide.Choice(length, isWindowed: true, count, longer.Length, whole.Tokens);
        }

        int OverlapAt(int length) => recipe.WindowOverlap is { } given && given <= EncodeOptions.LargestOverlap(length) ? given : EncodeOptions.UsualOverlap(length);
    }

    /// <summary>What is read of texts, added up.</summary>
    private sealed class Share(EncoderConfig config)
    {
        private long windows;
        private long tokens;
        private long cut;
        private double work;

        public void Add(int windows, int length, int cut)
        {
            this.windows += windows;
            tokens += (long)windows * length;
            this.cut += cut;
            work += (double)windows * length * config.FlopsPerToken(length);
        }

        public LengthChoice Choice(int length, bool isWindowed, int count, int longer, long allTokens) => new(
            length, isWindowed, 1 - (double)longer / count, 1 - (double)cut / allTokens, (double)windows / count, (double)tokens / count, work);
    }
}
