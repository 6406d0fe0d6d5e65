namespace Beret.Bench;

/// <summary>What the command line says.</summary>
/// <param name="Words">The command and what follows it, options taken out.</param>
internal sealed record Arguments(string[] Words)
{
    public int Threads { get; init; } = Environment.ProcessorCount;

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
                "--out" => parsed with { Out = Next("--out") },
                ['-', ..] => throw new FormatException($"there is no option {args[i]}"),
                _ => parsed with { Words = Keep(args[i]) },
            };

            string Next(string option) => ++i < args.Length ? args[i] : throw new FormatException($"{option} wants a value");
        }

        return parsed with { Words = [.. words] };

        string[] Keep(string word)
        {
            words.Add(word);
            return [];
        }
    }

    /// <summary>Shows a measurement, and keeps it where --out says.</summary>
    public Measurement Record(Measurement measurement, double share = double.NaN)
    {
        Console.WriteLine(double.IsNaN(share) ? measurement.ToString() : $"{measurement}  {share,4:p0}");
        if (Out is not null)
        {
            File.AppendAllText(Out, measurement.ToJson() + "\n");
        }

        return measurement;
    }
}
