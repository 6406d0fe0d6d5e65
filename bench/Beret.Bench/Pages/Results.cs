namespace Beret.Bench.Pages;

/// <summary>All measurements of a run.</summary>
internal sealed class Results(IReadOnlyList<Measurement> all)
{
    private static readonly Dictionary<string, string> ModelNames = new()
    {
        ["L6 H384 A12"] = "MiniLM",
        ["L4 H512 A8"] = "small BERT",
        ["L12 H768 A12"] = "BERT base",
    };

    public IReadOnlyList<Measurement> All => all;

    /// <summary>Bytes a second, in billions: the best triad.</summary>
    public double Gigabytes => Of("memory").Select(one => one.Gigabytes).DefaultIfEmpty(double.NaN).Max();

    public IEnumerable<Measurement> Of(string kind) => all.Where(one => one.Kind == kind);

    /// <summary>Who measured what, the rounds together, in the order of their first appearance.</summary>
    public IReadOnlyList<Series> Series(string kind) =>
        [.. Of(kind).GroupBy(one => (one.Name, one.Precision, one.By)).Select(rounds => new Series([.. rounds]))];

    /// <summary>The best matrix product of a precision, whoever's it is; not a number where none was measured.</summary>
    public double Peak(string precision) => Of("gemm").Where(one => one.Precision == precision).Select(one => one.Gflops).DefaultIfEmpty(double.NaN).Max();

    /// <summary>"L6 H384 A12 b32 s128" is MiniLM and "b32 s128".</summary>
    public static (string Model, string Work) Split(string name)
    {
        var parts = name.Split(' ');
        if (parts.Length < 3)
        {
            return (name, "");
        }

        var size = string.Join(' ', parts[..3]);
        return (ModelNames.TryGetValue(size, out var known) ? $"{known} ({size})" : size, string.Join(' ', parts[3..]));
    }

    /// <summary>"b32 s128" as 32 × 128; anything else as it is.</summary>
    public static string Batch(string work) => work.Split(' ') is [['b', .. var texts], ['s', .. var tokens]] ? $"{texts} × {tokens}" : work;
}
