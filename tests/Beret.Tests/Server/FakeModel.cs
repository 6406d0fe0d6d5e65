using Beret.Inference;
using Beret.Server.Scheduling;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Tests.Server;

/// <summary>A model that notes its batches. A text is its number of tokens; one of <see cref="Bad"/> tokens fails every batch that it is in.</summary>
internal sealed class FakeModel(string name = "fake") : IBatchModel
{
    public const int Bad = 13;

    public List<int[]> Batches { get; } = [];

    public string Name => name;

    public static EncodedText Text(int tokens)
    {
        var buffer = new TokenBuffer();
        buffer.Clear();
        for (var i = 0; i < tokens; i++)
        {
            buffer.Append(i, 0, 0, 0);
        }

        return new EncodedText(buffer);
    }

    public TextRequest Request(string client, params int[] lengths) => new(this, [.. lengths.Select(Text)], client);

    public void Predict(EncodedTexts texts, Span<Prediction> predictions)
    {
        var lengths = Enumerable.Range(0, texts.Count).Select(i => texts[i].Count).ToArray();
        Batches.Add(lengths);
        if (lengths.Contains(Bad))
        {
            throw new InvalidOperationException("unlucky");
        }

        for (var i = 0; i < lengths.Length; i++)
        {
            predictions[i] = new Prediction("label", 0.5, [0.5, 0.5], [lengths[i]], lengths[i], 0);
        }
    }
}
