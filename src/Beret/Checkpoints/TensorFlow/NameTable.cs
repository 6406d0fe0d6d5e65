using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>What a variable of TensorFlow is in a Hugging Face checkpoint.</summary>
/// <param name="Name">The parameter's name, such as <c>bert.encoder.layer.3.attention.self.query.weight</c>.</param>
/// <param name="Layout">How the values are to be rearranged.</param>
/// <param name="Scope">What stands before the part of the name that was recognised, such as <c>bert_encoder_v2</c>; often empty.</param>
internal sealed record HuggingFaceName(string Name, TensorLayout Layout, string Scope);

/// <summary>The names of one family of encoders, in TensorFlow and in Hugging Face checkpoints. Names are recognised by their end, within any scope.</summary>
internal sealed class NameTable
{
    // Keras numbers its own names by the order of making: transformer_scaffold, transformer_scaffold_1, …
    private const string Scaffold = "transformer_scaffold";

    private static readonly string[] Numbered = ["layer", "group", "inner_group", Scaffold];

    private readonly FrozenDictionary<string, NameRule> rules;
    private readonly int mostSegments;

    /// <param name="family">The <c>model_type</c>.</param>
    /// <param name="root">What the names of the encoder's parameters begin with.</param>
    /// <param name="rules">The lines.</param>
    public NameTable(string family, string root, IEnumerable<NameRule> rules)
    {
        Family = family;
        Root = root;
        this.rules = rules.ToFrozenDictionary(rule => rule.TensorFlow, StringComparer.Ordinal);
        mostSegments = this.rules.Keys.Max(name => name.Count(c => c == '/') + 1);
    }

    /// <summary>The <c>model_type</c>.</summary>
    public string Family { get; }

    /// <summary>What the names of the encoder's parameters begin with.</summary>
    public string Root { get; }

    /// <summary>The numbers of the scaffolds in a name, which are to be counted from 0 in their order.</summary>
    public static int? ScaffoldOf(string fullName) =>
        fullName.Split('/').Select(segment => segment.StartsWith(Scaffold, StringComparison.Ordinal) ? NumberOf(segment)?.Number : null).FirstOrDefault(number => number is not null);

    /// <summary>The parameter that a variable is; null for what is no part of the encoder or its classifier.</summary>
    /// <param name="fullName">Such as <c>transformer/layer_3/self_attention/query/kernel</c>, with or without <c>:0</c>, within any scope.</param>
    /// <param name="scaffolds">The numbers of all scaffolds, ascending.</param>
    public HuggingFaceName? Find(string fullName, ImmutableArray<int> scaffolds)
    {
        var segments = (fullName.EndsWith(":0", StringComparison.Ordinal) ? fullName[..^2] : fullName).Split('/');
        var numbers = new int[segments.Length];
        for (var i = 0; i < segments.Length; i++)
        {
            numbers[i] = -1;
            if (NumberOf(segments[i]) is { } found)
            {
                numbers[i] = found.Word == Scaffold ? scaffolds.IndexOf(found.Number) : found.Number;
                segments[i] = $"{found.Word}_#";
            }
        }

        for (var start = Math.Max(0, segments.Length - mostSegments); start < segments.Length; start++)
        {
            if (rules.TryGetValue(string.Join('/', segments[start..]), out var rule))
            {
                var name = rule.HuggingFace;
                foreach (var number in numbers[start..].Where(number => number >= 0))
                {
                    name = Numbers(name, number);
                }

                return new HuggingFaceName(name[0] == '!' ? name[1..] : Root + name, rule.Layout, string.Join('/', fullName.Split('/')[..start]));
            }
        }

        return null;
    }

    private static string Numbers(string name, int number)
    {
        var place = name.IndexOf('#', StringComparison.Ordinal);
        return place < 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name.AsSpan(0, place)}{number}{name.AsSpan(place + 1)}");
    }

    private static (string Word, int Number)? NumberOf(string segment)
    {
        if (segment == Scaffold)
        {
            return (Scaffold, 0);
        }

        var end = segment.LastIndexOf('_');
        return end > 0 && Numbered.Contains(segment[..end], StringComparer.Ordinal)
            && int.TryParse(segment.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number.ToString(CultureInfo.InvariantCulture) == segment[(end + 1)..]
            ? (segment[..end], number)
            : null;
    }
}
