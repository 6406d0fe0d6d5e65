using Beret.Numerics;

namespace Beret.Tokens;

/// <summary>Some texts on their way through the model, to be filled and returned again and again.</summary>
internal sealed class EncodedTexts(int capacity) : ITokenizedTexts
{
    private readonly List<EncodedText> texts = new(capacity);

    public int Count => texts.Count;

    public EncodedText this[int text] => texts[text];

    public int WindowsOf(int text) => texts[text].Windows;

    public int LengthOf(int text) => texts[text].Length;

    public void Add(EncodedText text) => texts.Add(text);

    public void AddTo(PackedBatch batch, int text, int window) => batch.Add(texts[text][window], texts[text].FirstCount);

    /// <summary>Returns the memory of all texts, and holds none.</summary>
    public void Return()
    {
        foreach (var text in texts)
        {
            text.Return();
        }

        texts.Clear();
    }
}
