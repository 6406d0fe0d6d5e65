using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>A student's loss against its teacher and the labels, some of which are missing, with its gradient.</summary>
internal static class DistillationCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var loss in (Loss[])[Loss.BinaryCrossEntropy, Loss.CrossEntropy])
            {
                foreach (var focus in (double[])[0, 2])
                {
                    yield return Case(Weighted(loss), 7, 5, new(2, 0.5, focus), scale: 4, gradient: true, weight: 0.3);
                    yield return Case(Weighted(loss), 33, 1, new(1, 0.25, focus), scale: 4, gradient: true);
                }

                foreach (var examples in (int[])[1, 3, 33])
                {
                    foreach (var classes in (int[])[1, 2, 5, 17])
                    {
                        foreach (var terms in (Distillation[])[new(1, 1), new(2, 0.5), new(5, 0.9), new(0.5, 0)])
                        {
                            yield return Case(loss, examples, classes, terms, scale: 4, gradient: true);
                        }
                    }
                }

                yield return Case(loss, 17, 5, new(2, 0.5), scale: 4, gradient: false);

                // Logits whose exponential overflows.
                yield return Case(loss, 33, 1, new(2, 0.5), scale: 200, gradient: true) with { Uses = Uses.Comparison };
                yield return Case(loss, 33, 7, new(1, 0.5), scale: 200, gradient: true) with { Uses = Uses.Comparison };
                yield return Case(loss, 33, 7, new(2, 0.5), scale: 1e5f, gradient: true) with { Uses = Uses.Comparison };
            }

            yield return Case(Loss.CrossEntropy, 32, 100, new(2, 0.5), scale: 4, gradient: true) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Case(Loss loss, int examples, int classes, Distillation terms, float scale, bool gradient, double weight = 1) => new(
        nameof(IBackend.DistillationLoss),
        $"{loss} [{examples}, {classes}] T {terms.Temperature} alpha {terms.Alpha}{(scale == 4 ? "" : $" scale {scale}")}{(gradient ? "" : " without gradient")}{(weight == 1 ? "" : $" weight {weight}")}{(terms.Focus == 0 ? "" : $" focus {terms.Focus}")}",
        21,
        Work.Floats(4.0 * examples * classes, 30.0 * examples * classes),
        operands =>
        {
            var backend = operands.Backend;
            var logits = operands.Input(examples, classes, scale);
            var teacher = operands.Input(examples, classes, scale);
            var drawn = operands.Draw(examples * classes, 1 << 20);

            // Every fourth example has no label.
            var columns = loss.TargetColumns(classes);
            var targets = operands.Input(examples, columns, i => i / columns % 4 == 2 ? -1 : loss switch
            {
                Loss.CrossEntropy => drawn[i] % classes,
                Loss.BinaryCrossEntropy => drawn[i] % 2,
                _ => 3f * drawn[i % drawn.Length] / (1 << 20),
            });
            var losses = operands.Output("losses", examples, 1);
            var logitsGradient = gradient ? operands.Output("logits gradient", examples, classes) : Matrix.None;

            // The gradient is that of the mean over the examples, times the weight.
            var mean = operands.Input(examples, 1, _ => (float)(weight / examples));
            return new(() => backend.DistillationLoss(loss, logits, targets, teacher, terms, losses, logitsGradient, weight))
            {
                Differentiation = gradient
                    ? new(
                        () => backend.DistillationLoss(loss, logits, targets, teacher, terms, losses, Matrix.None),
                        losses,
                        mean,
                        new Differentiation.Input("logits", logits, logitsGradient))
                    : null,
            };
        })
    {
        // A divergence is a difference of numbers as large as the logits, and zero of one class.
        Floor = 1e-6,
    };

    private static Loss Weighted(Loss loss) => loss.IsOfClasses() ? Loss.WeightedCrossEntropy : Loss.WeightedBinaryCrossEntropy;
}
