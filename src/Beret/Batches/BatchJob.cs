using Beret.Data;

namespace Beret.Batches;

/// <summary>A file of texts and where their predictions go.</summary>
public sealed record BatchJob
{
    /// <summary>The texts.</summary>
    public required RecordFile Input { get; init; }

    /// <summary>The file that is written: <c>.jsonl</c>, or <c>.csv</c> or <c>.tsv</c> of a table. It appears when all is done; until then there are <c>OUTPUT.part</c> and <c>OUTPUT.state</c>.</summary>
    public required string Output { get; init; }

    /// <summary>The key, of a table the column, that the answers are under.</summary>
    public string Name { get; init; } = "prediction";

    /// <summary>Which part of the rows is answered, from 1, of how many: every row whose number, divided by the count, has the same remainder.</summary>
    public (int Number, int Count) Shard { get; init; } = (1, 1);

    /// <summary>Go on with what was begun, or begin.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace what is there.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether a row is of this job's part.</summary>
    internal bool Has(long row) => (row - Shard.Number) % Shard.Count == 0;
}

/// <summary>How far it is.</summary>
/// <param name="Rows">Rows answered, in all sessions.</param>
/// <param name="Fraction">The share of the input that has been read; null where its size is not known.</param>
/// <param name="FirstFraction">That share when this session began to answer.</param>
/// <param name="RowsPerSecond">Rows answered in a second, in this session.</param>
public readonly record struct BatchProgress(long Rows, double? Fraction, double? FirstFraction, double RowsPerSecond);

/// <summary>What came of it.</summary>
/// <param name="Rows">Rows answered, in all sessions.</param>
/// <param name="RowsBefore">Of these, rows that an earlier session answered.</param>
/// <param name="Skipped">Rows that could not be used, of the whole input.</param>
/// <param name="Seconds">The time of this session.</param>
/// <param name="IsInterrupted">Whether it was interrupted; it can go on.</param>
public sealed record BatchSummary(long Rows, long RowsBefore, long Skipped, double Seconds, bool IsInterrupted);
