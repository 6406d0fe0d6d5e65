namespace Beret.Onnx;

/// <summary>What the weights of an exported model are kept in, and what its products are computed with. Logits are fp32 in any case.</summary>
public enum OnnxPrecision
{
    /// <summary>32-bit floats: the logits are those of Beret to within 1e-4.</summary>
    Float32,

    /// <summary>16-bit floats for weights and arithmetic: half the size. On a processor ONNX Runtime computes most of it in fp32 all the same; this is for accelerators.</summary>
    Float16,

    /// <summary>
    /// Dynamic quantization: the matrices that Beret's own int8 has as bytes, with the same bytes and a scale for each output, and the activations of a product quantized with one
    /// scale as they come. A quarter of the size.
    /// </summary>
    Int8,
}

/// <summary>Precisions by name.</summary>
public static class OnnxPrecisions
{
    private static readonly string[] Words = ["fp32", "fp16", "int8"];

    /// <summary>fp32, fp16, int8.</summary>
    public static IReadOnlyList<string> Names => Words;

    /// <summary>The name of a precision.</summary>
    public static string Format(this OnnxPrecision precision) => Words[(int)precision];

    /// <summary>The precision of a name.</summary>
    /// <exception cref="OnnxException">There is none of this name.</exception>
    public static OnnxPrecision Parse(string name) => Array.IndexOf(Words, name) is >= 0 and var index ? (OnnxPrecision)index
        : throw new OnnxException($"there is no precision \"{name}\" for ONNX; there are {string.Join(", ", Words)}");
}
