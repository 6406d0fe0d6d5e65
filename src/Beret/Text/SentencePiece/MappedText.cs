using System.Runtime.CompilerServices;

namespace Beret.Text.SentencePiece;

/// <summary>
/// What a step of normalisation made: UTF-16 units, each with the range of the text before it that it comes from. Reused working memory.
/// </summary>
internal sealed class MappedText
{
    private char[] units = new char[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];

    public int Length { get; private set; }

    public Span<char> Units => units.AsSpan(0, Length);

    public Span<int> Starts => starts.AsSpan(0, Length);

    public Span<int> Ends => ends.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Drops what comes after the first <paramref name="length"/> units.</summary>
    public void Shrink(int length) => Length = length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(char unit, int start, int end)
    {
        var n = Length;
        if (n >= units.Length)
        {
            Grow();
        }

        units[n] = unit;
        starts[n] = start;
        ends[n] = end;
        Length = n + 1;
    }

    public void PushScalar(int scalar, int start, int end)
    {
        if (scalar < 0x10000)
        {
            Push((char)scalar, start, end);
        }
        else
        {
            Push((char)(0xD800 + ((scalar - 0x10000) >> 10)), start, end);
            Push((char)(0xDC00 + (scalar & 0x3FF)), start, end);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var size = (int)Math.Min(Array.MaxLength, units.Length * 2L);
        Array.Resize(ref units, size);
        Array.Resize(ref starts, size);
        Array.Resize(ref ends, size);
    }
}
