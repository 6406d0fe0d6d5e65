using System.Collections.Frozen;

namespace Beret.Checkpoints.Pickle;

/// <summary>A function or class that a pickle may call: it gets the arguments and gives the result, or null where they are not what it takes.</summary>
internal delegate object? TorchFunction(object?[] arguments);

/// <summary>
/// Everything that a pickle may name. A name is looked up in this table and nowhere else, and nothing in it does more than describe a tensor or make a container.
/// </summary>
/// <remarks>torch/_utils.py for the functions, torch/storage.py for the classes.</remarks>
internal static class TorchGlobals
{
    private static readonly FrozenDictionary<string, object> Known = Make();

    /// <summary>A <see cref="TorchFunction"/>, <see cref="TorchStorageClass"/> or <see cref="TensorType"/>; null for any other name.</summary>
    public static object? Find(string module, string name) => Known.GetValueOrDefault($"{module}.{name}");

    private static FrozenDictionary<string, object> Make()
    {
        var known = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["collections.OrderedDict"] = (TorchFunction)OrderedDict,
            ["torch.Size"] = (TorchFunction)(arguments => arguments is [PickleTuple sizes] ? sizes : null),
            ["torch.device"] = (TorchFunction)(arguments => arguments is [string, ..] ? PickleOpaque.Device : null),
            ["torch._utils._rebuild_tensor"] = (TorchFunction)(arguments => arguments.Length == 4 ? Typed(arguments) : null),
            ["torch._utils._rebuild_tensor_v2"] = (TorchFunction)RebuildTensor2,
            ["torch._utils._rebuild_tensor_v3"] = (TorchFunction)RebuildTensor3,
            ["torch._utils._rebuild_parameter"] = (TorchFunction)(arguments => arguments is [TorchTensor tensor, bool, _] ? tensor : null),
            ["torch._utils._rebuild_parameter_with_state"] = (TorchFunction)(arguments => arguments is [TorchTensor tensor, bool, _, _] ? tensor : null),
            ["torch.storage.UntypedStorage"] = new TorchStorageClass(null),
            ["torch.UntypedStorage"] = new TorchStorageClass(null),
        };
        foreach (var (storage, type) in (ReadOnlySpan<(string, TensorType)>)
            [
                ("Float", TensorType.F32), ("Double", TensorType.F64), ("Half", TensorType.F16), ("BFloat16", TensorType.BF16), ("Long", TensorType.I64),
                ("Int", TensorType.I32), ("Short", TensorType.I16), ("Char", TensorType.I8), ("Byte", TensorType.U8), ("Bool", TensorType.Bool),
                ("ComplexFloat", TensorType.C64),
            ])
        {
            known.Add($"torch.{storage}Storage", new TorchStorageClass(type));
        }

        foreach (var (name, type) in (ReadOnlySpan<(string, TensorType)>)
            [
                ("float32", TensorType.F32), ("float64", TensorType.F64), ("float16", TensorType.F16), ("bfloat16", TensorType.BF16),
                ("int64", TensorType.I64), ("int32", TensorType.I32), ("int16", TensorType.I16), ("int8", TensorType.I8),
                ("uint64", TensorType.U64), ("uint32", TensorType.U32), ("uint16", TensorType.U16), ("uint8", TensorType.U8),
                ("bool", TensorType.Bool), ("complex64", TensorType.C64), ("float8_e4m3fn", TensorType.F8E4M3), ("float8_e5m2", TensorType.F8E5M2),
                ("float8_e4m3fnuz", TensorType.F8E4M3Fnuz), ("float8_e5m2fnuz", TensorType.F8E5M2Fnuz), ("float8_e8m0fnu", TensorType.F8E8M0),
            ])
        {
            known.Add($"torch.{name}", type);
        }

        return known.ToFrozenDictionary(StringComparer.Ordinal);
    }

    // Python 2 hands the items over; Python 3 makes an empty one and sets them.
    private static PickleDictionary? OrderedDict(object?[] arguments)
    {
        var made = new PickleDictionary(isOrdered: true);
        if (arguments is [])
        {
            return made;
        }

        if (arguments is not [PickleList items])
        {
            return null;
        }

        foreach (var item in items.Items)
        {
            IReadOnlyList<object?> pair = item switch { PickleList list => list.Items, PickleTuple tuple => tuple.Items, _ => [] };
            if (pair.Count != 2)
            {
                return null;
            }

            made.Add(pair[0], pair[1]);
        }

        return made;
    }

    // storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None
    private static TorchTensor? RebuildTensor2(object?[] arguments) =>
        arguments.Length == 6 || (arguments.Length == 7 && IsPlain(arguments[6])) ? Typed(arguments) : null;

    // storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None: for the types that have no class of storage
    private static TorchTensor? RebuildTensor3(object?[] arguments) =>
        (arguments.Length == 7 || (arguments.Length == 8 && IsPlain(arguments[7]))) && arguments[0] is TorchStorage { Class.Type: null } && arguments[6] is TensorType type
            ? Tensor(arguments, type)
            : null;

    // The metadata tell of a tensor whose values are to be negated or conjugated when they are read.
    private static bool IsPlain(object? metadata) => metadata is null or PickleDictionary { Items.Count: 0 };

    private static TorchTensor? Typed(object?[] arguments) =>
        arguments[0] is TorchStorage { Class.Type: { } type } ? Tensor(arguments, type) : null;

    private static TorchTensor? Tensor(object?[] arguments, TensorType type) =>
        arguments[0] is TorchStorage storage && arguments[1] is long offset && Numbers(arguments[2]) is { } size && Numbers(arguments[3]) is { } stride
            ? new TorchTensor(storage, type, offset, size, stride)
            : null;

    private static long[]? Numbers(object? value) =>
        value is PickleTuple { Items: { Length: <= TensorInfo.MostDimensions } items } && items.All(item => item is long) ? [.. items.Cast<long>()] : null;
}
