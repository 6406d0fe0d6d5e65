using System.IO.Compression;
using System.Text;

namespace Beret.Text.Unicode;

/// <summary>
/// The character classes and mappings of the three flavours, of tokenizer.json's steps and of what stands before SentencePiece, from the embedded tables.bin,
/// pipeline.bin and sentencepiece.bin (README.md beside them). Nothing of the machine's ICU or of .NET's own Unicode data is used: each flavour follows
/// the Unicode versions of the program it reproduces.
/// </summary>
internal static class UnicodeTables
{
    private static readonly Lazy<(Dictionary<string, ScalarSet> Sets, Dictionary<string, ScalarMap> Maps)> Flavours = new(() => Read("tables.bin"));
    private static readonly Lazy<(Dictionary<string, ScalarSet> Sets, Dictionary<string, ScalarMap> Maps)> Pipeline = new(() => Read("pipeline.bin"));
    private static readonly Lazy<(Dictionary<string, ScalarSet> Sets, Dictionary<string, ScalarMap> Maps)> SentencePiece = new(() => Read("sentencepiece.bin"));

    /// <summary>A class of a flavour of BERT's tokenizer, such as "hf.white".</summary>
    public static ScalarSet Set(string name) => Flavours.Value.Sets[name];

    /// <summary>A mapping of a flavour of BERT's tokenizer, such as "hf.lower".</summary>
    public static ScalarMap Map(string name) => Flavours.Value.Maps[name];

    /// <summary>A class that a step of a tokenizer.json asks for, such as "letter".</summary>
    public static ScalarSet PipelineSet(string name) => Pipeline.Value.Sets[name];

    /// <summary>A mapping that a step of a tokenizer.json asks for, such as "nfkd".</summary>
    public static ScalarMap PipelineMap(string name) => Pipeline.Value.Maps[name];

    /// <summary>A class that the programs around SentencePiece ask for, such as "python.digit".</summary>
    public static ScalarSet SentencePieceSet(string name) => SentencePiece.Value.Sets[name];

    /// <summary>A mapping that the programs around SentencePiece ask for, such as "tf.casefold".</summary>
    public static ScalarMap SentencePieceMap(string name) => SentencePiece.Value.Maps[name];

    /// <summary>
    /// Layout, all numbers LEB128: the number of tables; each: name length, name, a byte 0 (ranges) or 1 (mapping), the number of entries. A range:
    /// first − last of the range before, last − first. A mapping: scalar − scalar before, length, then each value − scalar in zigzag form.
    /// </summary>
    private static (Dictionary<string, ScalarSet> Sets, Dictionary<string, ScalarMap> Maps) Read(string file)
    {
        using var resource = typeof(UnicodeTables).Assembly.GetManifestResourceStream($"Beret.Text.Unicode.{file}")
            ?? throw new InvalidOperationException("the library was built without its Unicode tables");
        using var stream = new ZLibStream(resource, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        var reader = new BinaryReader(new MemoryStream(memory.GetBuffer(), 0, (int)memory.Length));

        var sets = new Dictionary<string, ScalarSet>();
        var maps = new Dictionary<string, ScalarMap>();
        for (var tables = reader.Read7BitEncodedInt(); tables > 0; tables--)
        {
            var name = Encoding.ASCII.GetString(reader.ReadBytes(reader.Read7BitEncodedInt()));
            if (reader.ReadByte() == 0)
            {
                var ranges = new (int First, int Last)[reader.Read7BitEncodedInt()];
                var previous = 0;
                for (var i = 0; i < ranges.Length; i++)
                {
                    var first = previous + reader.Read7BitEncodedInt();
                    previous = first + reader.Read7BitEncodedInt();
                    ranges[i] = (first, previous);
                }

                sets.Add(name, new ScalarSet(ranges));
            }
            else
            {
                var entries = new Dictionary<int, int[]>();
                var scalar = 0;
                for (var count = reader.Read7BitEncodedInt(); count > 0; count--)
                {
                    scalar += reader.Read7BitEncodedInt();
                    var values = new int[reader.Read7BitEncodedInt()];
                    for (var i = 0; i < values.Length; i++)
                    {
                        var zigzag = reader.Read7BitEncodedInt();
                        values[i] = scalar + ((zigzag >> 1) ^ -(zigzag & 1));
                    }

                    entries.Add(scalar, values);
                }

                maps.Add(name, new ScalarMap(entries));
            }
        }

        return (sets, maps);
    }
}

/// <summary>A set of Unicode scalars as sorted ranges, both ends included.</summary>
internal sealed class ScalarSet((int First, int Last)[] ranges)
{
    public ReadOnlySpan<(int First, int Last)> Ranges => ranges;

    public IEnumerable<int> Scalars => ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1));

    public bool Contains(int scalar)
    {
        int low = 0, high = ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (scalar > ranges[middle].Last)
            {
                low = middle + 1;
            }
            else if (scalar < ranges[middle].First)
            {
                high = middle - 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What scalars become; one that is not listed stays as it is, an empty sequence means it is dropped.</summary>
internal sealed class ScalarMap(Dictionary<int, int[]> entries)
{
    public IReadOnlyCollection<int> Scalars => entries.Keys;

    public bool TryGet(int scalar, out int[] values) => entries.TryGetValue(scalar, out values!);
}
