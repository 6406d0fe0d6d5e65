namespace Beret.Text;

/// <summary>A special token that a template puts around or between the texts.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Type">Its token type, 0 or 1.</param>
internal readonly record struct SpecialToken(int Id, int Type = 0);

/// <summary>One form of input: the special tokens before the first text, between the two, and after the last, and the types of the texts.</summary>
/// <remarks>Without a second text nothing stands between. Types are 0 up to some token and 1 from there on, as the models take them.</remarks>
internal sealed record TemplateForm
{
    public SpecialToken[] Before { get; init; } = [];

    public int FirstType { get; init; }

    public SpecialToken[] Between { get; init; } = [];

    public int SecondType { get; init; }

    public SpecialToken[] After { get; init; } = [];

    public int SpecialTokens => Before.Length + Between.Length + After.Length;

    /// <summary>How many tokens have type 0 when the texts have <paramref name="first"/> and <paramref name="second"/> tokens.</summary>
    public int CountOfType0(int first, int second, bool addSpecialTokens)
    {
        var texts = (FirstType == 0 ? first : 0) + (SecondType == 0 ? second : 0);
        return addSpecialTokens ? texts + Zeros(Before) + Zeros(Between) + Zeros(After) : texts;

        static int Zeros(SpecialToken[] tokens)
        {
            var count = 0;
            foreach (var token in tokens)
            {
                count += token.Type == 0 ? 1 : 0;
            }

            return count;
        }
    }
}

/// <summary>Which special tokens stand around a text and a pair of texts.</summary>
internal sealed record PackingTemplate(TemplateForm Single, TemplateForm Pair)
{
    /// <summary>No special tokens; the second text has type 1.</summary>
    public static PackingTemplate None { get; } = new(new TemplateForm(), new TemplateForm { SecondType = 1 });

    /// <summary>[CLS] A [SEP] and [CLS] A [SEP] B [SEP]; the second text and its [SEP] have type 1.</summary>
    public static PackingTemplate Bert(int classification, int separator) => new(
        new TemplateForm { Before = [new(classification)], After = [new(separator)] },
        new TemplateForm { Before = [new(classification)], Between = [new(separator)], SecondType = 1, After = [new(separator, 1)] });

    /// <summary>&lt;s&gt; A &lt;/s&gt; and &lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;; all types are 0.</summary>
    public static PackingTemplate Roberta(int classification, int separator) => new(
        new TemplateForm { Before = [new(classification)], After = [new(separator)] },
        new TemplateForm { Before = [new(classification)], Between = [new(separator), new(separator)], After = [new(separator)] });
}
