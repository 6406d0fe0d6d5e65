namespace Beret.Onnx;

/// <summary>How a model is exported.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The oldest opset that can be written: the first with an operator for layer normalisation.</summary>
    public const int OldestOpset = 17;

    /// <summary>The newest opset that can be written.</summary>
    public const int NewestOpset = 21;

    /// <summary>What weights are kept in and computed with.</summary>
    public OnnxPrecision Precision { get; init; }

    /// <summary>The version of ONNX's operators, from <see cref="OldestOpset"/> to <see cref="NewestOpset"/>. The newer, the newer the ONNX Runtime that is needed.</summary>
    public int Opset { get; init; } = OldestOpset;

    /// <summary>
    /// Whether the graph takes a text instead of its tokens, one at a time, and tokenizes it with the BertTokenizer operator of onnxruntime-extensions, which the program that runs
    /// it has to load. For WordPiece alone.
    /// </summary>
    public bool WithTokenizer { get; init; }

    /// <summary>The most bytes of weights in the model's own file.</summary>
    internal long MostInside { get; init; } = Graphs.OnnxFile.MostInside;

    /// <exception cref="OnnxException">A setting is none that can be written.</exception>
    internal void Validate()
    {
        if (Opset is < OldestOpset or > NewestOpset)
        {
            throw new OnnxException($"opset {Opset} cannot be written; there are {OldestOpset} to {NewestOpset}");
        }

        if (!Enum.IsDefined(Precision))
        {
            throw new OnnxException($"{Precision} is no precision of ONNX");
        }
    }
}
