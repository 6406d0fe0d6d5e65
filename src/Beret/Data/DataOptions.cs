namespace Beret.Data;

/// <summary>What to do with a text that has a fault.</summary>
public enum FaultPolicy
{
    /// <summary>Refuse the data set with an error that names the files.</summary>
    Fail,

    /// <summary>Leave the text out and say so in <see cref="LabelledTexts.Notes"/>.</summary>
    Skip,

    /// <summary>Keep the text and say so in <see cref="LabelledTexts.Notes"/>.</summary>
    Keep,
}

/// <summary>Where the texts of tables are held while they are used.</summary>
public enum TextPlace
{
    /// <summary>In memory up to <see cref="DataOptions.MostInMemory"/>, else on disk.</summary>
    Auto,

    /// <summary>In a file.</summary>
    Disk,

    /// <summary>In memory; more than <see cref="DataOptions.MaxTotalBytes"/> is an error.</summary>
    Memory,
}

/// <summary>How data is read, and the limits that keep a hostile or mistaken archive from exhausting the machine.</summary>
public sealed record DataOptions
{
    /// <summary>The defaults.</summary>
    public static DataOptions Default { get; } = new();

    /// <summary>
    /// What to do with an empty file (no bytes, or only white space). They are kept by default, as TensorFlow keeps them: one empty file among
    /// thousands does no harm, and leaving it out would change the order and the split of all the others.
    /// </summary>
    public FaultPolicy EmptyTexts { get; init; } = FaultPolicy.Keep;

    /// <summary>
    /// What to do with a file that is not UTF-8. An error by default: it is nearly always a whole data set in another encoding.
    /// <see cref="FaultPolicy.Keep"/> puts U+FFFD in the place of what cannot be read.
    /// </summary>
    public FaultPolicy BadUtf8 { get; init; } = FaultPolicy.Fail;

    /// <summary>The names of what a table can be written as.</summary>
    public static IReadOnlyList<string> TableFormats { get; } = [.. Files.TableFile.Formats.Keys];

    /// <summary>Whether a path is called like a table: .csv, .tsv, .jsonl, .json, and these with .gz behind.</summary>
    public static bool IsTable(string path) => Files.TableFile.FormatOf(path) is not null;

    /// <summary>
    /// What the data is where it does not say itself: one of <see cref="TableFormats"/>, or the name of a <see cref="GlueTask"/>, such as <c>glue/sst2</c>; null: it is told by
    /// its name and content.
    /// </summary>
    public string? Format { get; init; }

    /// <summary>How a table is read.</summary>
    public TableOptions Table { get; init; } = new();

    /// <summary>The most bytes of one text. 16 MiB by default.</summary>
    public int MaxTextBytes { get; init; } = 16 << 20;

    /// <summary>The most bytes of all texts and file names held together in memory. 2 GiB by default; a text takes about twice its bytes in memory.</summary>
    public long MaxTotalBytes { get; init; } = 2L << 30;

    /// <summary>Where the texts of tables are held.</summary>
    public TextPlace Place { get; init; }

    /// <summary>The most bytes of a table's texts, as they lie in memory (two for most characters), that are held there with <see cref="TextPlace.Auto"/>. 512 MiB by default.</summary>
    public long MostInMemory { get; init; } = 512L << 20;

    /// <summary>
    /// Where texts that are not held in memory are put, in a file that goes with the process, and the tokens that are made of them, which stay for the next run. Null: the
    /// system's folder for temporary files.
    /// </summary>
    public string? DiskFolder { get; init; }

    /// <summary>The most files and folders that are looked at. Two million by default.</summary>
    public int MaxEntries { get; init; } = 2_000_000;

    /// <summary>
    /// The most that an archive may expand by: 400 times its compressed size by default (text compresses 3 to 20 times). Asked only beyond the first
    /// 256 MiB.
    /// </summary>
    public int MaxCompressionRatio { get; init; } = 400;
}

/// <summary>How far the loading of a data set is.</summary>
/// <param name="Texts">Texts read so far.</param>
/// <param name="Fraction">Share of the work done, from 0 to 1.</param>
public readonly record struct LoadProgress(int Texts, double Fraction);
