namespace Beret.Models;

/// <summary>What stands for a sequence as a whole, and so goes to the classifier.</summary>
public enum Pooling
{
    /// <summary>The family's own: BERT's pooler, a dense layer with tanh on the first token; the first token where a family has none.</summary>
    Pooler,

    /// <summary>The last layer's output of the first token, [CLS].</summary>
    FirstToken,

    /// <summary>The mean of the last layer's outputs, of [CLS] and [SEP] too.</summary>
    Mean,

    /// <summary>Of each feature the largest of the last layer's outputs.</summary>
    Max,
}

/// <summary>The words for <see cref="Pooling"/>, in config.json (where Hugging Face's ModernBERT has the same key) and on the command line.</summary>
internal static class PoolingNames
{
    public const string Key = "classifier_pooling";

    private static readonly string[] Words = ["pooler", "cls", "mean", "max"];

    public static IReadOnlyList<string> All => Words;

    public static string Format(this Pooling pooling) => Words[(int)pooling];

    /// <exception cref="ModelException">It is none of the words.</exception>
    public static Pooling Parse(string word) => Array.IndexOf(Words, word) is >= 0 and var index ? (Pooling)index
        : throw new ModelException($"the pooling is \"{word}\"; it can be {string.Join(", ", Words)}");

    /// <summary>What config.json says; the family's own where it says nothing.</summary>
    public static Pooling Read(ConfigFields fields) => fields.Text(Key) is not { } word ? Pooling.Pooler
        : Words.Contains(word) ? Parse(word)
        : throw fields.Error($"{Key} is \"{word}\"; it can be {string.Join(", ", Words)}");
}
