using System.Runtime.CompilerServices;
using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>
/// Normalised characters (UTF-16 units), each with the range of the source that it comes from and what it is to the word splitter. Reused scratch
/// memory.
/// </summary>
/// <remarks>
/// Marks are put into canonical order run by run. As in Hugging Face's NormalizedString, ordering moves characters, not ranges: the k-th source
/// character of the ordered run gets the range of the k-th source character, and one that a decomposition added has the range of what stands before
/// it.
/// </remarks>
internal sealed class NormalizedText
{
    private const int IndexShift = 25;
    private const ulong Added = 1UL << 24;
    private const ulong Dropped = 1UL << 23;
    private const ulong ScalarMask = 0x1FFFFF;

    private char[] units = new char[64];
    private int[] starts = new int[64];
    private int[] ends = new int[64];
    private UnitKind[] kinds = new UnitKind[64];

    // The run of marks not yet in order: class << 56 | place << 25 | flags | scalar, and the source ranges of those that are source characters.
    private ulong[] run = new ulong[16];
    private (int Start, int End)[] runRanges = new (int, int)[16];
    private int runLength;
    private int runSources;
    private bool runStays;
    private (int Start, int End) last;

    public int Length { get; private set; }

    public ReadOnlySpan<char> Units => units.AsSpan(0, Length);

    public ReadOnlySpan<int> Starts => starts.AsSpan(0, Length);

    public ReadOnlySpan<int> Ends => ends.AsSpan(0, Length);

    public ReadOnlySpan<UnitKind> Kinds => kinds.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        runLength = 0;
        runSources = 0;
        runStays = false;
    }

    /// <summary>Adds a character that is no mark: the marks before it are put in order first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Starter(int scalar, UnitKind kind, int start, int end)
    {
        if (runLength > 0)
        {
            EndRun();
        }

        last = (start, end);
        Push(scalar, kind, start, end);
    }

    /// <summary>A dropped character of class 0: marks before and after it keep apart.</summary>
    public void Barrier(int start, int end)
    {
        EndRun();
        last = (start, end);
    }

    /// <summary>Adds a mark of the source.</summary>
    public void Mark(int scalar, int combiningClass, bool dropped, int start, int end)
    {
        if (runSources == runRanges.Length)
        {
            Array.Resize(ref runRanges, runSources * 2);
        }

        runRanges[runSources++] = (start, end);
        AddToRun((uint)scalar | (dropped ? Dropped : 0), combiningClass);
        runStays |= !dropped;
    }

    /// <summary>Adds a mark that came out of the decomposition of the character before it.</summary>
    public void AddedMark(int scalar, int combiningClass)
    {
        AddToRun((uint)scalar | Added, combiningClass);
        runStays = true;
    }

    /// <summary>Puts the pending marks in order and adds those that stay.</summary>
    public void EndRun()
    {
        if (runStays)
        {
            run.AsSpan(0, runLength).Sort();
            var source = 0;
            foreach (var mark in run.AsSpan(0, runLength))
            {
                if ((mark & Added) == 0)
                {
                    last = runRanges[source++];
                }

                if ((mark & Dropped) == 0)
                {
                    Push((int)(mark & ScalarMask), UnitKind.Letter, last.Start, last.End);
                }
            }
        }

        runLength = 0;
        runSources = 0;
        runStays = false;
    }

    private void AddToRun(ulong mark, int combiningClass)
    {
        if (runLength == run.Length)
        {
            Array.Resize(ref run, runLength * 2);
        }

        run[runLength] = ((ulong)combiningClass << 56) | ((ulong)runLength << IndexShift) | mark;
        runLength++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(int scalar, UnitKind kind, int start, int end)
    {
        if (Length + 2 > units.Length)
        {
            Grow();
        }

        if (scalar < 0x10000)
        {
            Set(Length++, (char)scalar, kind, start, end);
        }
        else
        {
            Set(Length++, (char)(0xD800 + ((scalar - 0x10000) >> 10)), kind, start, end);
            Set(Length++, (char)(0xDC00 + (scalar & 0x3FF)), kind, start, end);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Set(int at, char unit, UnitKind kind, int start, int end)
    {
        units[at] = unit;
        kinds[at] = kind;
        starts[at] = start;
        ends[at] = end;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var size = (int)Math.Min(Array.MaxLength, units.Length * 2L);
        Array.Resize(ref units, size);
        Array.Resize(ref starts, size);
        Array.Resize(ref ends, size);
        Array.Resize(ref kinds, size);
    }
}
