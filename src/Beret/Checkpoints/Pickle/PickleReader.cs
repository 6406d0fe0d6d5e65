using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// Python's pickle as a description of data: a stack machine (Lib/pickletools.py) whose only calls are those of <see cref="TorchGlobals"/>. No code of the file is
/// run; what is not known is refused by name. Nothing here recurses, and what is made is bounded by the bytes that are read.
/// </summary>
internal ref struct PickleReader
{
    /// <summary>The longest pickle that is read: that of a large model is a hundredth of it.</summary>
    public const int Longest = 1 << 26;

    /// <summary>The most tensors that are read, an optimizer's included.</summary>
    public const int MostTensors = 1 << 16;

    // An instruction of one byte makes an object of a hundred: so many of them, and no more, are no burden.
    private const int MostSteps = 1 << 22;
    private const int MostNesting = 100;
    private const int LongestGlobal = 256;
    private const int OldestProtocol = 2, NewestProtocol = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> bytes;
    private readonly string source;
    private readonly List<object?> stack = [];
    private readonly Stack<int> marks = new();
    private readonly Dictionary<uint, object?> memo = [];
    private readonly List<TorchStorage> storages = [];
    private int position;
    private int steps;
    private int tensors;

    private PickleReader(ReadOnlySpan<byte> bytes, string source)
    {
        this.bytes = bytes;
        this.source = source;
    }

    /// <summary>Reads the pickle at the beginning of the bytes.</summary>
    /// <param name="source">The file and the part of it, for messages.</param>
    /// <exception cref="CheckpointException">It is damaged or too large, or names what is not allowed.</exception>
    public static Unpickled Read(ReadOnlySpan<byte> bytes, string source)
    {
        var reader = new PickleReader(bytes, source);
        var root = reader.Run();
        return new Unpickled(root, reader.storages, reader.position);
    }

    private object? Run()
    {
        if ((PickleOpcode)Byte() != PickleOpcode.Proto)
        {
            throw Refuse("it does not begin as a pickle of protocol 2 or later does");
        }

        var protocol = Byte();
        if (protocol is < OldestProtocol or > NewestProtocol)
        {
            throw Refuse($"pickle protocol {protocol} is not known; {OldestProtocol} to {NewestProtocol} are read");
        }

        while (steps++ < MostSteps)
        {
            var opcode = (PickleOpcode)Byte();
            if (opcode == PickleOpcode.Stop)
            {
                return Pop();
            }

            Execute(opcode);
        }

        throw Refuse($"it has more than {MostSteps} instructions");
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.None:
                stack.Add(null);
                break;
            case PickleOpcode.NewTrue:
                stack.Add(true);
                break;
            case PickleOpcode.NewFalse:
                stack.Add(false);
                break;
            case PickleOpcode.BinInt1:
                stack.Add((long)Byte());
                break;
            case PickleOpcode.BinInt2:
                stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case PickleOpcode.BinInt:
                stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case PickleOpcode.Long1:
                stack.Add(Integer(Take(Byte())));
                break;
            case PickleOpcode.Long4:
                stack.Add(Integer(Take(Length32())));
                break;
            case PickleOpcode.BinFloat:
                stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case PickleOpcode.ShortBinUnicode or PickleOpcode.ShortBinString:
                stack.Add(Text(Take(Byte())));
                break;
            case PickleOpcode.BinUnicode or PickleOpcode.BinString:
                stack.Add(Text(Take(Length32())));
                break;
            case PickleOpcode.BinUnicode8:
                stack.Add(Text(Take(Length64())));
                break;
            case PickleOpcode.ShortBinBytes:
                Take(Byte());
                stack.Add(PickleOpaque.Bytes);
                break;
            case PickleOpcode.BinBytes:
                Take(Length32());
                stack.Add(PickleOpaque.Bytes);
                break;
            case PickleOpcode.BinBytes8 or PickleOpcode.ByteArray8:
                Take(Length64());
                stack.Add(PickleOpaque.Bytes);
                break;
            case PickleOpcode.Frame:
                // How much to read ahead; no concern of a reader that has all of it.
                Take(8);
                break;
            case PickleOpcode.Mark:
                marks.Push(stack.Count);
                break;
            case PickleOpcode.Pop:
                Pop();
                break;
            case PickleOpcode.PopMark:
                PopToMark();
                break;
            case PickleOpcode.BinPut:
                memo[Byte()] = Top();
                break;
            case PickleOpcode.LongBinPut:
                memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top();
                break;
            case PickleOpcode.Memoize:
                memo[(uint)memo.Count] = Top();
                break;
            case PickleOpcode.BinGet:
                stack.Add(Remembered(Byte()));
                break;
            case PickleOpcode.LongBinGet:
                stack.Add(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            default:
                ExecuteOnObjects(opcode);
                break;
        }
    }

    private void ExecuteOnObjects(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyTuple:
                stack.Add(PickleTuple.Empty);
                break;
            case PickleOpcode.Tuple:
                PushTuple(PopToMark());
                break;
            case PickleOpcode.Tuple1 or PickleOpcode.Tuple2 or PickleOpcode.Tuple3:
                PushTuple(Pop(count: opcode - PickleOpcode.Tuple1 + 1));
                break;
            case PickleOpcode.EmptyList:
                stack.Add(new PickleList());
                break;
            case PickleOpcode.Append:
                Append([Pop()]);
                break;
            case PickleOpcode.Appends:
                Append(PopToMark());
                break;
            case PickleOpcode.EmptyDict:
                stack.Add(new PickleDictionary(isOrdered: false));
                break;
            case PickleOpcode.SetItem:
                SetItems(Pop(count: 2));
                break;
            case PickleOpcode.SetItems:
                SetItems(PopToMark());
                break;
            case PickleOpcode.Global:
                stack.Add(Global(Line(), Line()));
                break;
            case PickleOpcode.StackGlobal:
                stack.Add(Pop(count: 2) is [string module, string name] ? Global(module, name) : throw Refuse("a global is named by something else than text"));
                break;
            case PickleOpcode.BinPersId:
                var storage = TorchStorage.FromPersistentId(Pop()) ?? throw Refuse("it refers to something outside that is not a storage of a tensor");
                storages.Add(storage);
                stack.Add(storage);
                break;
            case PickleOpcode.Reduce:
                Call();
                break;
            case PickleOpcode.Build:
                Build();
                break;
            default:
                throw Refuse($"it holds the instruction 0x{(byte)opcode:X2}, which the weights of a model do not need");
        }
    }

    private void Call()
    {
        var arguments = Pop();
        var function = Pop();
        var result = function is TorchFunction call && arguments is PickleTuple { Items: var items } ? call(items) : null;
        stack.Add(result is null ? throw Refuse("it makes an object of what none can be made of") : Shallow(result));

        // The same arguments can be used again and again.
        steps += result is PickleDictionary { Items.Count: var copied } ? copied : 0;
        tensors += result is TorchTensor ? 1 : 0;
        if (tensors > MostTensors)
        {
            throw Refuse($"it has more than {MostTensors} tensors");
        }
    }

    // An attribute that a module's state_dict() has: the versions of the modules, which reading does not need.
    private void Build()
    {
        var state = Pop();
        if (Top() is not PickleDictionary { IsOrdered: true } || state is not PickleDictionary attributes || attributes.Items.Any(item => item.Key is not "_metadata"))
        {
            throw Refuse("it sets attributes of an object, of which only _metadata of an OrderedDict is read");
        }
    }

    private void PushTuple(object?[] items) => stack.Add(Shallow(new PickleTuple(items)));

    private readonly void Append(ReadOnlySpan<object?> items)
    {
        var list = Top() as PickleList ?? throw Refuse("it appends to what is no list");
        foreach (var item in items)
        {
            list.Add(item);
        }

        Shallow(list);
    }

    private readonly void SetItems(object?[] items)
    {
        var dictionary = Top() as PickleDictionary ?? throw Refuse("it sets an item of what is no dictionary");
        if (items.Length % 2 != 0)
        {
            throw Refuse("a key of a dictionary has no value");
        }

        for (var i = 0; i < items.Length; i += 2)
        {
            dictionary.Add(items[i], items[i + 1]);
        }

        Shallow(dictionary);
    }

    private readonly object Shallow(object value) =>
        value is PickleContainer { Depth: > MostNesting } ? throw Refuse($"its containers are nested more than {MostNesting} deep") : value;

    private readonly object Global(string module, string name) => TorchGlobals.Find(module, name)
        ?? throw Refuse(
            $"it names the Python object {CheckpointException.Quote($"{module}.{name}")}, which is not one that tensors are made of. No code of a checkpoint is run: "
            + "save the weights alone (model.state_dict())");

    private readonly object? Remembered(uint index) =>
        memo.TryGetValue(index, out var value) ? value : throw Refuse($"it refers to the object {index}, which it has not made");

    private readonly object? Top() => stack.Count > Floor ? stack[^1] : throw Underflow();

    private readonly object? Pop()
    {
        var value = Top();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private readonly object?[] Pop(int count)
    {
        if (stack.Count - Floor < count)
        {
            throw Underflow();
        }

        var items = new object?[count];
        stack.CopyTo(stack.Count - count, items, 0, count);
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private readonly object?[] PopToMark()
    {
        var items = marks.Count > 0 ? Pop(stack.Count - Floor) : throw Refuse("it closes a list of objects that it has not begun");
        marks.Pop();
        return items;
    }

    // What is below the last mark cannot be taken before the mark is.
    private readonly int Floor => marks.TryPeek(out var mark) ? mark : 0;

    private readonly CheckpointException Underflow() => Refuse("it takes more objects than it has made");

    private static object Integer(ReadOnlySpan<byte> littleEndian)
    {
        var value = new BigInteger(littleEndian);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private readonly string Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException(Message("it holds a text that is not valid UTF-8"), error);
        }
    }

    private string Line()
    {
        var length = bytes[position..].IndexOf((byte)'\n');
        var line = Text(Take(length is >= 0 and <= LongestGlobal ? length : throw Refuse("it names a Python object without end")));
        position++;
        return line;
    }

    private uint Length32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ulong Length64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int length) => Take((ulong)length);

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(bytes.Length - position))
        {
            throw Refuse(bytes.Length >= Longest ? $"it is longer than {Longest} bytes" : $"it ends where {length} bytes more should follow; the file is cut off or damaged");
        }

        var taken = bytes.Slice(position, (int)length);
        position += (int)length;
        return taken;
    }

    private readonly CheckpointException Refuse(string what) => new(Message(what));

    private readonly string Message(string what) => $"{source}, byte {position}: {what}";
}
