using System.Runtime.CompilerServices;

namespace Beret.Text.Pipeline;

/// <summary>
/// A text on its way through the steps of a tokenizer.json: UTF-16 units, each with the range of the source that it stands for. A step either changes
/// units in place or writes the text anew from the old one. Reused working memory.
/// </summary>
/// <remarks>
/// The ranges are those of NormalizedString in Hugging Face tokenizers: what replaces a character takes its range, and what is inserted takes the range
/// of the character before it.
/// </remarks>
internal sealed class AlignedText
{
    /// <summary>Published steps make at most 18 characters of one (NFKD of U+FDFA) and 4 bytes of each; more is a file that means harm.</summary>
    private const long LargestGrowth = 256;

    private const long Slack = 1 << 16;

    private Version now = new();
    private Version next = new();
    private int origin;

    public int Length => now.Length;

    public ReadOnlySpan<char> Units => now.Units.AsSpan(0, now.Length);

    public ReadOnlySpan<int> Starts => now.Starts.AsSpan(0, now.Length);

    public ReadOnlySpan<int> Ends => now.Ends.AsSpan(0, now.Length);

    /// <summary>How much of the text that is being written is there.</summary>
    public int Written => next.Length;

    /// <summary>Takes a part of the source as it is. Lone surrogates are read as U+FFFD.</summary>
    public void Load(ReadOnlySpan<char> source, int from, int to)
    {
        origin = from;
        now.Length = 0;
        now.Limit = next.Limit = Slack + (LargestGrowth * (to - from));
        now.Reserve(to - from);
        for (var i = from; i < to; i++)
        {
            var unit = source[i];
            if (!char.IsSurrogate(unit))
            {
                now.Add(unit, i, i + 1);
            }
            else if (char.IsHighSurrogate(unit) && i + 1 < to && char.IsLowSurrogate(source[i + 1]))
            {
                now.Add(unit, i, i + 2);
                now.Add(source[i + 1], i, i + 2);
                i++;
            }
            else
            {
                now.Add('\uFFFD', i, i + 1);
            }
        }
    }

    /// <summary>The scalar at a place and the place after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Scalar(int at, out int after) => Scalars.At(now.Units, at, out after);

    /// <summary>Changes a unit; its range stays.</summary>
    public void Set(int at, char unit) => now.Units[at] = unit;

    /// <summary>Starts to write the text anew.</summary>
    public void Begin() => next.Length = 0;

    /// <summary>Writes a part of the old text as it is.</summary>
    public void Copy(int from, int to)
    {
        var count = to - from;
        next.Reserve(count);
        Array.Copy(now.Units, from, next.Units, next.Length, count);
        Array.Copy(now.Starts, from, next.Starts, next.Length, count);
        Array.Copy(now.Ends, from, next.Ends, next.Length, count);
        next.Length += count;
    }

    /// <summary>Writes a scalar in the place of the one at <paramref name="at"/> of the old text.</summary>
    public void Put(int scalar, int at)
    {
        at = Math.Min(at, now.Length - 1);
        Write(scalar, now.Starts[at], now.Ends[at]);
    }

    /// <summary>Writes a scalar that stands after the one before <paramref name="at"/> of the old text.</summary>
    public void Insert(int scalar, int at)
    {
        if (at == 0)
        {
            Write(scalar, origin, origin);
        }
        else
        {
            Put(scalar, at - 1);
        }
    }

    /// <summary>The new text takes the place of the old.</summary>
    public void End() => (now, next) = (next, now);

    private void Write(int scalar, int start, int end)
    {
        next.Reserve(2);
        if (scalar < 0x10000)
        {
            next.Add((char)scalar, start, end);
        }
        else
        {
            next.Add((char)(0xD800 + ((scalar - 0x10000) >> 10)), start, end);
            next.Add((char)(0xDC00 + (scalar & 0x3FF)), start, end);
        }
    }

    private sealed class Version
    {
        public char[] Units = new char[256];
        public int[] Starts = new int[256];
        public int[] Ends = new int[256];
        public int Length;
        public long Limit;

        /// <exception cref="TokenizerException">The steps make far more of the text than any published ones do.</exception>
        public void Reserve(int count)
        {
            if (count > Units.Length - Length)
            {
                if (Length + (long)count > Limit)
                {
                    throw new TokenizerException($"the tokenizer's steps make a text longer than {Limit} characters of a short one; its tokenizer.json is not to be trusted");
                }

                var size = (int)Math.Min(Array.MaxLength, Math.Max(Units.Length * 2L, Length + (long)count));
                Array.Resize(ref Units, size);
                Array.Resize(ref Starts, size);
                Array.Resize(ref Ends, size);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(char unit, int start, int end)
        {
            Units[Length] = unit;
            Starts[Length] = start;
            Ends[Length++] = end;
        }
    }
}
