using Beret.Text.Unicode;

namespace Beret.Text.Pipeline;

/// <summary>What a scalar is to the regular expressions of byte-level BPE.</summary>
internal enum ScalarClass : byte
{
    Other = 0,
    Letter = 1,
    Number = 2,
    White = 3,
}

/// <summary>The character classes \p{L}, \p{N}, \s and \w of the regular expressions that Hugging Face tokenizers use.</summary>
internal static class ScalarClasses
{
    private const byte ClassMask = 3;
    private const byte Word = 4;
    private static readonly Lazy<byte[]> Plane = new(MakePlane);

    public static ScalarClass Of(int scalar) =>
        scalar < 0x10000 ? (ScalarClass)(Plane.Value[scalar] & ClassMask)
        : UnicodeTables.PipelineSet("letter").Contains(scalar) ? ScalarClass.Letter
        : UnicodeTables.PipelineSet("number").Contains(scalar) ? ScalarClass.Number
        : ScalarClass.Other;

    public static bool IsWord(int scalar) =>
        scalar < 0x10000 ? (Plane.Value[scalar] & Word) != 0 : UnicodeTables.PipelineSet("word").Contains(scalar);

    /// <summary>The basic plane as a table.</summary>
    private static byte[] MakePlane()
    {
        var plane = new byte[0x10000];
        Mark("letter", (byte)ScalarClass.Letter);
        Mark("number", (byte)ScalarClass.Number);
        Mark("word", Word);
        for (var c = 0; c < plane.Length; c++)
        {
            plane[c] |= Scalars.IsWhite(c) ? (byte)ScalarClass.White : (byte)0;
        }

        return plane;

        void Mark(string set, byte value)
        {
            foreach (var (first, last) in UnicodeTables.PipelineSet(set).Ranges)
            {
                for (var c = first; c <= Math.Min(last, 0xFFFF); c++)
                {
                    plane[c] |= value;
                }
            }
        }
    }
}
