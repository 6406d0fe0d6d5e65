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

    private char[] _units = new char[64];
    private int[] _starts = new int[64];
    private int[] _ends = new int[64];
    private UnitKind[] _kinds = new UnitKind[64];

    // The run of marks not yet in order: class << 56 | place << 25 | flags | scalar, and the source ranges of those that are source characters.
    private ulong[] _run = new ulong[16];
    private (int Start, int End)[] _runRanges = new (int, int)[16];
    private int _runLength;
    private int _runSources;
    private bool _runStays;
    private (int Start, int End) _last;

    public int Length { get; private set; }

    public ReadOnlySpan<char> Units => _units.AsSpan(0, Length);

    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Length);

    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Length);

    public ReadOnlySpan<UnitKind> Kinds => _kinds.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        _runLength = 0;
        _runSources = 0;
        _runStays = false;
    }

    /// <summary>Adds a character that is no mark: the marks before it are put in order first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Starter(int scalar, UnitKind kind, int start, int end)
    {
        if (_runLength > 0)
        {
            EndRun();
        }

        _last = (start, end);
        Push(scalar, kind, start, end);
    }

    /// <summary>A dropped character of class 0: marks before and after it keep apart.</summary>
    public void Barrier(int start, int end)
    {
        EndRun();
        _last = (start, end);
    }

    /// <summary>Adds a mark of the source.</summary>
    public void Mark(int scalar, int combiningClass, bool dropped, int start, int end)
    {
        if (_runSources == _runRanges.Length)
        {
            Array.Resize(ref _runRanges, _runSources * 2);
        }

        _runRanges[_runSources++] = (start, end);
        AddToRun((uint)scalar | (dropped ? Dropped : 0), combiningClass);
        _runStays |= !dropped;
    }

    /// <summary>Adds a mark that came out of the decomposition of the character before it.</summary>
    public void AddedMark(int scalar, int combiningClass)
    {
        AddToRun((uint)scalar | Added, combiningClass);
        _runStays = true;
    }

    /// <summary>Puts the pending marks in order and adds those that stay.</summary>
    public void EndRun()
    {
        if (_runStays)
        {
            _run.AsSpan(0, _runLength).Sort();
            var source = 0;
            foreach (var mark in _run.AsSpan(0, _runLength))
            {
                if ((mark & Added) == 0)
                {
                    _last = _runRanges[source++];
                }

                if ((mark & Dropped) == 0)
                {
                    Push((int)(mark & ScalarMask), UnitKind.Letter, _last.Start, _last.End);
                }
            }
        }

        _runLength = 0;
        _runSources = 0;
        _runStays = false;
    }

    private void AddToRun(ulong mark, int combiningClass)
    {
        if (_runLength == _run.Length)
        {
            Array.Resize(ref _run, _runLength * 2);
        }

        _run[_runLength] = ((ulong)combiningClass << 56) | ((ulong)_runLength << IndexShift) | mark;
        _runLength++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(int scalar, UnitKind kind, int start, int end)
    {
        if (Length + 2 > _units.Length)
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
        _units[at] = unit;
        _kinds[at] = kind;
        _starts[at] = start;
        _ends[at] = end;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var size = (int)Math.Min(Array.MaxLength, _units.Length * 2L);
        Array.Resize(ref _units, size);
        Array.Resize(ref _starts, size);
        Array.Resize(ref _ends, size);
        Array.Resize(ref _kinds, size);
    }
}
