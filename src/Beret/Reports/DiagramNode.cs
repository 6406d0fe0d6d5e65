namespace Beret.Reports;

/// <summary>One layer of a model's diagram.</summary>
/// <param name="Name">The layer's name, unique in the diagram: <c>BERT_encoder</c>.</param>
/// <param name="Kind">What it is: <c>Bert</c>, <c>Dropout</c>, <c>Dense</c>.</param>
/// <param name="Inputs">The names of the layers it reads.</param>
/// <param name="OutputShape">Its output's shape as it is to be printed: <c>[batch, 128, 384]</c>. Several lines where it has several outputs.</param>
/// <param name="Repeat">How often the layer is repeated one after the other; drawn as a stack with <c>× N</c>.</param>
/// <param name="Group">The name of the frame it is drawn in, such as the encoder that is unfolded; null for none.</param>
/// <param name="Detail">A line more, such as the number of parameters; null for none.</param>
public sealed record DiagramNode(
    string Name, string Kind, IReadOnlyList<string> Inputs, string OutputShape, int Repeat = 1, string? Group = null, string? Detail = null);
