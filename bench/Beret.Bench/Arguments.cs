using Beret.Numerics;

namespace Beret.Bench;

/// <summary>What the command line says.</summary>
/// <param name="Words">The command and what follows it, options taken out.</param>
internal sealed record Arguments(string[] Words)
{
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The arithmetic of the matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>Measure briefly.</summary>
    public bool Quick { get; init; }

    /// <summary>The file that measurements are appended to.</summary>
    public string? Out { get; init; }

    public static Arguments Parse(string[] args)
    {
        var parsed = new Arguments([]);
        var words = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--quick" => parsed with { Quick = true },
                "--threads" => parsed with { Threads = int.Parse(Next("--threads")) },
                "--precision" => parsed with { Precision = Precisions.Parse(Next("--precision")) },
                "--out" => parsed with { Out = Next("--out") },
                "--" => parsed with { Words = KeepRest(ref i) },
                ['-', ..] => throw new FormatException($"there is no option {args[i]}"),
                _ => parsed with { Words = Keep(args[i]) },
            };

            string Next(string option) => ++i < args.Length ? args[i] : throw new FormatException($"{option} wants a value");
        }

        return parsed with { Words = [.. words] };

        // Another program's words, options and all.
        string[] KeepRest(ref int i)
        {
            words.AddRange(args[(i + 1)..]);
            i = args.Length;
            return [];
        }

        string[] Keep(string word)
        {
            words.Add(word);
            return [];
        }
    }

    /// <summary>Whole numbers above 0, in this number.</summary>
    public static int[] Numbers(ReadOnlySpan<string> words, int count)
    {
        var numbers = new int[count];
        for (var i = 0; i < count; i++)
        {
            numbers[i] = i < words.Length && int.TryParse(words[i], out var number) && number > 0
                ? number
                : throw new FormatException($"{count} numbers above 0 are wanted: {string.Join(' ', words.ToArray())}");
        }

        return numbers;
    }

    public IBackend CreateBackend() => CpuBackend.Create(Threads);

    public PassTimer CreateTimer(Encoder encoder) => new(CreateBackend(), encoder.Create, Precision);

    /// <summary>Shows a measurement, and keeps it where --out says.</summary>
    public Measurement Record(Measurement measurement, double share = double.NaN)
    {
        measurement = measurement with { Precision = Precision.Format() };
        Console.WriteLine(double.IsNaN(share) ? measurement.ToString() : $"{measurement}  {share,4:p0}");
        if (Out is not null)
        {
            File.AppendAllText(Out, measurement.ToJson() + "\n");
        }

        return measurement;
    }
}
