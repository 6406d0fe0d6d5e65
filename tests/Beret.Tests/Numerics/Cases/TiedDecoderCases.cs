using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The end of a masked language model: logits over the vocabulary, their cross-entropy, and the gradients of both.</summary>
internal static class TiedDecoderCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (rows, vocabulary, width, number) in OpCases.SizeTriples())
            {
                var held = OpCases.Has(0, number) ? rows : (rows + 2) / 3;
                yield return Case(rows, vocabulary, width, held, gradient: OpCases.Has(1, number), strided: OpCases.Has(2, number));
                yield return Sample(rows, vocabulary, width, held, strided: OpCases.Has(3, number));
            }

            // More than one block of vectors in a sum, with a rest.
            yield return Case(3, 4099, 17, held: 2, gradient: true, strided: false);

            // The exponentials of all but the largest logits vanish.
            yield return Case(7, 65, 33, held: 7, gradient: true, strided: false, scale: 60) with { Uses = Uses.Comparison };

            yield return Sample(9, 4099, 17, held: 4, strided: false);

            // The masked tokens of 4096, with the vocabularies of a small model and of BERT's.
            yield return Case(614, 8000, 256, held: 614, gradient: true, strided: false) with { Uses = Uses.Speed };
            yield return Sample(614, 8000, 256, held: 614, strided: false) with { Uses = Uses.Speed };
            yield return Case(614, 30522, 384, held: 274, gradient: true, strided: false) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Sample(int rows, int vocabulary, int width, int held, bool strided) => new(
        "SampleTokens",
        $"[{rows}, {width}] · [{vocabulary}, {width}]ᵀ, {held} at a time{(strided ? " strided" : "")}",
        24,
        new Work(2.0 * rows * vocabulary * width, 4.0 * ((double)vocabulary + rows) * width),
        operands =>
        {
            var hidden = operands.Input(rows, width, 1, strided);
            var weight = operands.Input(vocabulary, width, 1, strided);
            var bias = operands.Input(1, vocabulary);
            var draws = operands.Input(rows, 1, _ => 0.5f + operands.Uniform(0.4999f));
            var logits = operands.Scratch(held, vocabulary);
            var tokens = operands.Output("tokens", rows, 1);
            return new(() => operands.Backend.SampleTokens(hidden, weight, bias, draws, logits, tokens));
        })
    {
        Uses = Uses.Comparison,
        Tolerance = 0,
    };

    /// <param name="rows">M.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="width">H.</param>
    /// <param name="held">The rows whose logits are held at once.</param>
    private static OpCase Case(int rows, int vocabulary, int width, int held, bool gradient, bool strided, float scale = 1) => new(
        "TiedDecoderLoss",
        $"[{rows}, {width}] · [{vocabulary}, {width}]ᵀ, {held} at a time{(gradient ? "" : " without gradient")}{(strided ? " strided" : "")}{(scale == 1 ? "" : $" scale {scale}")}",
        23,
        new Work((gradient ? 6.0 : 2.0) * rows * vocabulary * width, 4.0 * ((double)vocabulary * width * (gradient ? 3 : 1) + 2.0 * rows * width)),
        operands =>
        {
            var backend = operands.Backend;
            var hidden = operands.Input(rows, width, scale, strided);
            var weight = operands.Input(vocabulary, width, scale, strided);
            var bias = operands.Input(1, vocabulary);
            var targets = operands.Indices(operands.Draw(rows, vocabulary));
            var logits = operands.Scratch(held, vocabulary);
            var outcomes = operands.Output("outcomes", rows, 2);
            var hiddenGradient = gradient ? operands.Output("hidden gradient", rows, width, strided) : Matrix.None;
            var weightGradient = gradient ? operands.InOut("weight gradient", vocabulary, width, 1, strided) : Matrix.None;
            var biasGradient = gradient ? operands.InOut("bias gradient", 1, vocabulary) : Matrix.None;
            var share = 1f / rows;
            var shares = operands.Input(rows, 1, _ => share);
            return new(() => backend.TiedDecoderLoss(hidden, weight, bias, targets, share, logits, outcomes, hiddenGradient, weightGradient, biasGradient))
            {
                Differentiation = gradient
                    ? new(
                        () => backend.TiedDecoderLoss(hidden, weight, bias, targets, share, logits, outcomes, Matrix.None, Matrix.None, Matrix.None),
                        outcomes.ColumnRange(0, 1),
                        shares,
                        new Differentiation.Input("hidden", hidden, hiddenGradient),
                        new Differentiation.Input("weight", weight, weightGradient),
                        new Differentiation.Input("bias", bias, biasGradient))
                    : null,
            };
        })
    {
        // The cross-entropy of one token is zero but for rounding; a loss is a difference of numbers as large as the logits.
        Floor = 1e-6,
        Tolerance = 4e-6,
    };
}
