namespace Beret.Numerics;

/// <content>The end of a masked language model (Devlin et al., BERT, 2019, §3.1).</content>
internal sealed partial class Ops
{
    // Logits held at once: 32 MB. Enough rows for the products to pay, whatever the vocabulary.
    private const int LogitsHeld = 1 << 23;
    private const int FewestRows = 64;

    /// <summary>
    /// The masked tokens' logits, softmax(x · Wᵀ + b) with W the word embeddings, and what they lose: [M, 2], the cross-entropy of each row and whether it is right.
    /// Nothing is recorded: with a tape, the gradients of W, b and x come with the losses, tile by tile, because the logits are not kept; that of x starts the
    /// backward pass, that of W is added to by the lookup at its end.
    /// </summary>
    /// <param name="input">[M, E].</param>
    /// <param name="word">The table [V, E], with a dense gradient.</param>
    /// <param name="bias">[V].</param>
    /// <param name="targets">The tokens that were there.</param>
    /// <param name="share">The weight of each row's loss in what is differentiated.</param>
    /// <param name="arithmetic">Of the products.</param>
    public Matrix TiedDecoderLoss(Value input, Parameter word, Parameter bias, Indices targets, float share, ElementType arithmetic)
    {
        var rows = input.Data.Rows;
        var outcomes = arena.Take(rows, 2);
        var gradient = tape is null ? Matrix.None : OnlyTarget(input);
        var logits = RentLogits(rows, word.Rows);
        backend.TiedDecoderLoss(
            input.Data, word.Value, bias.Value, targets, share, logits, outcomes,
            gradient, tape is null ? Matrix.None : word.Gradient, tape is null ? Matrix.None : bias.Gradient, arithmetic);
        arena.Return(logits);
        return outcomes;
    }

    /// <summary>A token for each row, drawn by its logits: [M, 1]. No gradient goes through it.</summary>
    /// <param name="input">[M, E].</param>
    /// <param name="word">The table [V, E].</param>
    /// <param name="bias">[V].</param>
    /// <param name="draws">[M, 1], uniform in (0, 1).</param>
    /// <param name="arithmetic">Of the products.</param>
    public Matrix SampleTokens(Value input, Parameter word, Parameter bias, Matrix draws, ElementType arithmetic)
    {
        var tokens = arena.Take(input.Data.Rows, 1);
        var logits = RentLogits(input.Data.Rows, word.Rows);
        backend.SampleTokens(input.Data, word.Value, bias.Value, draws, logits, tokens, arithmetic);
        arena.Return(logits);
        return tokens;
    }

    private Matrix RentLogits(int rows, int vocabulary) => arena.Rent(Math.Min(rows, Math.Max(FewestRows, LogitsHeld / vocabulary)), vocabulary);
}
