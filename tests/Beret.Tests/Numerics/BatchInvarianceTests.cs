using Beret.Numerics;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>A text's result does not depend on its neighbours in the batch, to the bit: computed alone, it is the same.</summary>
public class BatchInvarianceTests
{
    public static IEnumerable<TheoryDataRow<string>> Fast => Backends.FastNames.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Fast))]
    public void Attention_of_a_sequence_alone(string name)
    {
        const int heads = 2;
        using var backend = Backends.Create(name, 2);
        foreach (var size in (int[])[8, 12, 32, 64])
        {
            using var operands = new Operands(backend, 1);
            var hidden = heads * size;
            var tokens = AttentionCases.Mixed.Sum();
            var queryKeyValue = operands.Input(tokens, 3 * hidden);
            var contextGradient = operands.Input(tokens, hidden);
            foreach (var reach in (int?[])[null, 20])
            {
                var batch = new AttentionResults(operands, tokens, hidden, heads, reach);
                batch.Compute(queryKeyValue, contextGradient, AttentionCases.Mixed);
                var first = 0;
                foreach (var length in AttentionCases.Mixed)
                {
                    var alone = new AttentionResults(operands, length, hidden, heads, reach);
                    alone.Compute(queryKeyValue.RowRange(first, length), contextGradient.RowRange(first, length), length);
                    AssertSame(operands, batch.Context.RowRange(first, length), alone.Context, $"context of {length} tokens, heads of {size}, reach {reach}");
                    AssertSame(operands, batch.Gradient.RowRange(first, length), alone.Gradient, $"gradient of {length} tokens, heads of {size}, reach {reach}");
                    first += length;
                }
            }
        }
    }

    /// <summary>Though the tables by distance are laid out for the longest sequence.</summary>
    [Theory]
    [MemberData(nameof(Fast))]
    public void Relative_attention_of_a_sequence_alone(string name)
    {
        const int heads = 2, near = 40;
        using var backend = Backends.Create(name, 2);
        foreach (var size in (int[])[12, 32])
        {
            using var operands = new Operands(backend, 5);
            var hidden = heads * size;
            var tokens = AttentionCases.Mixed.Sum();
            var queryKeyValue = operands.Input(tokens, 3 * hidden);
            var contextGradient = operands.Input(tokens, hidden);
            var (keys, queries, bias) = (operands.Input(2 * near + 1, hidden), operands.Input(2 * near + 1, hidden), operands.Input(2 * near + 1, heads));
            var (context, gradient) = Compute(0, AttentionCases.Mixed);
            var first = 0;
            foreach (var length in AttentionCases.Mixed)
            {
                var (contextAlone, gradientAlone) = Compute(first, [length]);
                AssertSame(operands, context.RowRange(first, length), contextAlone, $"context of {length} tokens, heads of {size}");
                AssertSame(operands, gradient.RowRange(first, length), gradientAlone, $"gradient of {length} tokens, heads of {size}");
                first += length;
            }

            (Matrix Context, Matrix Gradient) Compute(int start, int[] lengths)
            {
                var (rows, span) = (lengths.Sum(), lengths.Max());
                var starts = operands.Indices([0, .. lengths.Select((_, b) => lengths.Take(b + 1).Sum())]);
                var positions = operands.Indices([.. lengths.SelectMany(length => Enumerable.Range(0, length))]);
                var distances = operands.Indices([.. Enumerable.Range(1 - span, 2 * span - 1).Select(distance => Math.Clamp(distance, -near, near) + near)]);
                var relative = new RelativeScores(distances, positions, keys, queries, bias, 0.2f);
                var (part, upper) = (queryKeyValue.RowRange(start, rows), contextGradient.RowRange(start, rows));
                var (result, back, statistics) = (operands.Scratch(rows, hidden), operands.Scratch(rows, 3 * hidden), operands.Scratch(heads, rows));
                var tables = (operands.Scratch(keys.Rows, hidden), operands.Scratch(keys.Rows, hidden), operands.Scratch(keys.Rows, heads));
                backend.RelativeAttention(part, relative, starts, heads, Dropout.None, statistics, result);
                backend.RelativeAttentionGradient(
                    part, relative, starts, heads, Dropout.None, statistics, result, upper, back, tables.Item1, tables.Item2, tables.Item3);
                return (result, back);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Fast))]
    public void Rows_of_a_Linear_alone(string name)
    {
        using var backend = Backends.Create(name, 2);
        foreach (var (outputs, inputs) in ((int, int)[])[(48, 65), (33, 7), (1, 24), (384, 384), (65, 1000)])
        {
            foreach (var usePacked in (bool[])[false, true])
            {
                using var operands = new Operands(backend, 2);
                const int tokens = 130;
                var input = operands.Input(tokens, inputs);
                var weight = operands.Input(outputs, inputs);
                var bias = operands.Input(1, outputs);
                var packed = usePacked ? operands.Scratch(1, (int)backend.PackedLength(outputs, inputs)) : Matrix.None;
                if (usePacked)
                {
                    backend.PackWeight(weight, packed);
                }

                var outputGradient = operands.Input(tokens, outputs);
                var (output, alone) = (operands.Scratch(tokens, outputs), operands.Scratch(tokens, outputs));
                var (inputGradient, aloneGradient) = (operands.Scratch(tokens, inputs), operands.Scratch(tokens, inputs));
                backend.Linear(input, weight, packed, bias, Activation.Gelu, Matrix.None, output);
                backend.LinearInputGradient(outputGradient, weight, inputGradient, accumulate: false);
                foreach (var (first, count) in Pieces(tokens))
                {
                    backend.Linear(
                        input.RowRange(first, count), weight, packed, bias, Activation.Gelu, Matrix.None, alone.RowRange(first, count));
                    backend.LinearInputGradient(
                        outputGradient.RowRange(first, count), weight, aloneGradient.RowRange(first, count), accumulate: false);
                }

                AssertSame(operands, output, alone, $"output [{outputs}, {inputs}]{(usePacked ? " packed" : "")}");
                AssertSame(operands, inputGradient, aloneGradient, $"input gradient [{outputs}, {inputs}]");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Fast))]
    public void A_Linear_with_its_weight_packed_before_or_not(string name)
    {
        using var backend = Backends.Create(name, 2);
        foreach (var (tokens, outputs, inputs, _) in OpCases.SizeTriples())
        {
            using var operands = new Operands(backend, 3);
            var input = operands.Input(tokens, inputs);
            var weight = operands.Input(outputs, inputs);
            var packed = operands.Scratch(1, (int)backend.PackedLength(outputs, inputs));
            var (with, without) = (operands.Scratch(tokens, outputs), operands.Scratch(tokens, outputs));
            backend.PackWeight(weight, packed);
            backend.Linear(input, weight, packed, Matrix.None, Activation.None, Matrix.None, with);
            backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, without);
            AssertSame(operands, without, with, $"[{tokens}, {inputs}] → {outputs}");
        }
    }

    [Theory]
    [MemberData(nameof(Fast))]
    public void Rows_of_a_LayerNorm_alone(string name)
    {
        using var backend = Backends.Create(name, 2);
        foreach (var width in (int[])[7, 33, 384])
        {
            using var operands = new Operands(backend, 4);
            const int tokens = 130;
            var residual = operands.Input(tokens, width);
            var branch = operands.Input(tokens, width);
            var gamma = operands.Input(1, width);
            var beta = operands.Input(1, width);
            var outputGradient = operands.Input(tokens, width);
            var batch = new NormResults(operands, tokens, width);
            var alone = new NormResults(operands, tokens, width);
            batch.Compute(residual, branch, gamma, beta, outputGradient, 0, tokens);
            foreach (var (first, count) in Pieces(tokens))
            {
                alone.Compute(residual, branch, gamma, beta, outputGradient, first, count);
            }

            AssertSame(operands, batch.Output, alone.Output, $"output of width {width}");
            AssertSame(operands, batch.SumGradient, alone.SumGradient, $"gradient of width {width}");
        }
    }

    /// <summary>Row ranges that cover all rows: single ones, and some on both sides of a tile.</summary>
    private static IEnumerable<(int First, int Count)> Pieces(int rows)
    {
        int[] counts = [1, 2, 3, 5, 11, 12, 13, 1, 31, 33];
        var (first, next) = (0, 0);
        while (first < rows)
        {
            var count = Math.Min(counts[next++ % counts.Length], rows - first);
            yield return (first, count);
            first += count;
        }
    }

    private static void AssertSame(Operands operands, Matrix expected, Matrix actual, string what)
    {
        var want = operands.Read(expected).Select(BitConverter.SingleToInt32Bits);
        var got = operands.Read(actual).Select(BitConverter.SingleToInt32Bits);
        Assert.True(want.SequenceEqual(got), what);
    }

    private sealed class AttentionResults(Operands operands, int tokens, int hidden, int heads, int? reach)
    {
        private readonly Matrix logSumExp = operands.Scratch(heads, tokens);

        public Matrix Context { get; } = operands.Scratch(tokens, hidden);

        public Matrix Gradient { get; } = operands.Scratch(tokens, 3 * hidden);

        public void Compute(Matrix queryKeyValue, Matrix contextGradient, params int[] lengths)
        {
            var starts = operands.Indices([0, .. lengths.Select((_, b) => lengths.Take(b + 1).Sum())]);
            var window = reach is { } distance
                ? new Window(operands.Indices([.. lengths.SelectMany(length => Enumerable.Range(0, length))]), distance) : Window.None;
            operands.Backend.Attention(queryKeyValue, starts, lengths.Max(), heads, window, Dropout.None, logSumExp, Context);
            operands.Backend.AttentionGradient(
                queryKeyValue, starts, lengths.Max(), heads, window, Dropout.None, logSumExp, Context, contextGradient, Gradient);
        }
    }

    private sealed class NormResults(Operands operands, int tokens, int width)
    {
        private readonly Matrix sum = operands.Scratch(tokens, width);
        private readonly Matrix statistics = operands.Scratch(tokens, 2);
        private readonly Matrix gammaGradient = operands.Scratch(1, width);
        private readonly Matrix betaGradient = operands.Scratch(1, width);

        public Matrix Output { get; } = operands.Scratch(tokens, width);

        public Matrix SumGradient { get; } = operands.Scratch(tokens, width);

        public void Compute(Matrix residual, Matrix branch, Matrix gamma, Matrix beta, Matrix outputGradient, int first, int count)
        {
            var backend = operands.Backend;
            Matrix Part(Matrix matrix) => matrix.RowRange(first, count);
            backend.Copy(Part(branch), Part(sum));
            backend.ResidualLayerNorm(Part(residual), Part(sum), Dropout.None, gamma, beta, 1e-12f, Part(statistics), Part(Output));
            backend.LayerNormGradient(
                Part(outputGradient), Part(sum), Part(statistics), gamma, gammaGradient, betaGradient,
                Matrix.None, Part(SumGradient), accumulate: false, Matrix.None, Dropout.None);
        }
    }
}
