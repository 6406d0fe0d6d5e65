using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Parity;

/// <summary>What a model computed of the inputs of a file.</summary>
/// <param name="Values">By the names that files have for them; gradients as <c>grad.PARAMETER</c>.</param>
/// <param name="Attention">The probabilities of the first block, for each sequence [heads, queries, keys]; empty where they are not kept.</param>
/// <param name="WhyNot">Why there is no output of a name; null where it means nothing.</param>
internal sealed record ParityOutputs(IReadOnlyDictionary<string, float[]> Values, float[][] Attention, Func<string, string?> WhyNot);

/// <summary>Every tensor that a file holds beside what was computed.</summary>
internal sealed class ParityComparison
{
    /// <summary>What the name of a tensor ends with that was computed in double precision.</summary>
    public const string Float64 = ".fp64";

    private readonly ParityPart part;
    private readonly ParityBatch batch;
    private readonly ParityCase rules;
    private readonly ParityTolerance tolerance;
    private readonly EncoderConfig config;
    private readonly IReadOnlyDictionary<string, float[]> computed;
    private readonly ParityOutputs outputs;
    private readonly HashSet<string> undifferentiated = [];

    /// <param name="part">The file's tensors.</param>
    /// <param name="batch">Its inputs.</param>
    /// <param name="rules">What its case.json says.</param>
    /// <param name="tolerance">How far apart the two may be.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="parameters">In the order of their declaration.</param>
    /// <param name="outputs">What was computed.</param>
    public ParityComparison(
        ParityPart part, ParityBatch batch, ParityCase rules, ParityTolerance tolerance, EncoderConfig config, IReadOnlyList<Parameter> parameters, ParityOutputs outputs)
    {
        (this.part, this.batch, this.rules, this.tolerance, this.config, this.outputs) = (part, batch, rules, tolerance, config, outputs);
        computed = outputs.Values;
        FindUndifferentiated(parameters);
    }

    /// <summary>A row for every tensor but the inputs.</summary>
    public IEnumerable<ParityRow> Rows => part.Values.Tensors.Where(tensor => !ParityBatch.IsInput(tensor.Name)).Select(Compare);

    public static ParityRow NotCompared(string name, string why) => new(name, 0, 0, 0, 0, why);

    private ParityRow Compare(TensorInfo tensor)
    {
        var name = part.Names[tensor.Name];
        var plain = tensor.Name.EndsWith(Float64, StringComparison.Ordinal) ? tensor.Name[..^Float64.Length] : tensor.Name;
        if (plain == "attn.0")
        {
            return CompareAttention(tensor);
        }

        var mine = computed.GetValueOrDefault(GradientName(plain) ?? plain);
        if (mine is null)
        {
            return NotCompared(name, outputs.WhyNot(plain) ?? "no output of this name");
        }

        if (plain.EndsWith(".key.bias", StringComparison.Ordinal))
        {
            return NotCompared(name, "its gradient is zero but for rounding");
        }

        if (undifferentiated.Contains(GradientName(plain) ?? plain))
        {
            return NotCompared(name, "the file's gradient of this or of what reads it is all zero: its writer did not differentiate so far");
        }

        var isOfTokens = plain == "sequence_output" || plain.StartsWith("hidden_states.", StringComparison.Ordinal);
        var isOfRows = plain is "pooled" or "pooled_output" or "logits" or "probabilities" or "loss_per_example" or "grad_logits";
        var rows = isOfTokens ? batch.TokensOf(tensor, config.HiddenSize)
            : isOfRows ? batch.RowsOf(tensor, mine.Length / batch.Packed.Sequences)
            : tensor.Count == mine.Length ? [0]
            : null;
        if (rows is null)
        {
            return OtherShape(tensor, tolerance.For(plain, 0), isOfTokens
                ? $"[{batch.AllRows}, {batch.PaddedLength}, {config.HiddenSize}]"
                : $"{mine.Length / batch.Packed.Sequences * (isOfRows ? batch.AllRows : batch.Packed.Sequences)} elements");
        }

        var theirs = Doubles(tensor);
        var columns = mine.Length / rows.Length;
        var difference = new Difference();
        for (var r = 0; r < rows.Length; r++)
        {
            for (var j = 0; j < columns; j++)
            {
                difference.Add(theirs[rows[r] * columns + j], mine[r * columns + j]);
            }
        }

        return difference.Row(name, tensor, tolerance.For(plain, difference.LargestExpected));
    }

    /// <summary>attn.0: [B, heads, query rows, S]; valid where the query is not masked; masked keys have probability 0.</summary>
    private ParityRow CompareAttention(TensorInfo tensor)
    {
        var name = part.Names[tensor.Name];
        var heads = config.Heads;
        var length = batch.PaddedLength;
        if (outputs.Attention.Length == 0)
        {
            return NotCompared(name, $"the attention of {config.Family} keeps no probabilities");
        }

        if (tensor.Shape.Length != 4 || tensor.Shape[0] != batch.AllRows || tensor.Shape[1] != heads || tensor.Shape[3] != length)
        {
            return OtherShape(tensor, tolerance.For("attn.0", 0), $"[{batch.AllRows}, {heads}, queries, {length}]");
        }

        var queries = tensor.Shape[2] == length ? [.. Enumerable.Range(0, length)] : rules.AttentionRows;
        if (queries.Count != tensor.Shape[2])
        {
            return NotCompared(name, "it has fewer query rows than tokens, and no case.json beside the file lists which (\"attn.0 rows\")");
        }

        var theirs = Doubles(tensor);
        var difference = new Difference();
        for (var b = 0; b < batch.Packed.Sequences; b++)
        {
            var places = batch.Places[b];
            for (var head = 0; head < heads; head++)
            {
                for (var q = 0; q < queries.Count; q++)
                {
                    var query = Array.IndexOf(places, queries[q]);
                    if (query < 0)
                    {
                        continue;
                    }

                    for (var key = 0; key < length; key++)
                    {
                        var mine = Array.BinarySearch(places, key) is >= 0 and var k ? outputs.Attention[b][(head * places.Length + query) * places.Length + k] : 0;
                        difference.Add(theirs[((batch.Rows[b] * heads + head) * queries.Count + q) * length + key], mine);
                    }
                }
            }
        }

        return difference.Row(name, tensor, tolerance.For("attn.0", 0));
    }

    /// <summary>The name of a gradient to which the writer's model gave this one, with or without the encoder's prefix, gamma and beta as well; null where it is none.</summary>
    private string? GradientName(string name)
    {
        if (!name.StartsWith("grad.", StringComparison.Ordinal))
        {
            return null;
        }

        var parameter = name["grad.".Length..].Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
            .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
        return new[] { $"grad.{parameter}", $"grad.{config.Family.Prefix}{parameter}" }.FirstOrDefault(computed.ContainsKey);
    }

    /// <summary>
    /// Where the gradients of a whole layer (weight and bias) are zeros in the file but should not be, or those of everything up to some layer, its writer's chain of
    /// derivatives ended there, and so did what it knows of all that stands before. A single tensor of zeros is a wrong gradient, and fails.
    /// </summary>
    private void FindUndifferentiated(IReadOnlyList<Parameter> parameters)
    {
        var order = parameters.Select(parameter => $"grad.{parameter.Name}").ToList();
        var isZero = part.Values.Tensors
            .Where(tensor => tensor.Type.IsFloat() && GradientName(tensor.Name) is not null)
            .GroupBy(tensor => GradientName(tensor.Name)!, StringComparer.Ordinal)
            .ToDictionary(
                tensors => tensors.Key,
                tensors => computed[tensors.Key].Any(value => Math.Abs(value) > tolerance.For(tensors.Key, 0)) && tensors.All(tensor => Doubles(tensor).All(value => value == 0)),
                StringComparer.Ordinal);
        var layers = order.Where(isZero.ContainsKey)
            .GroupBy(name => name[..name.LastIndexOf('.')], StringComparer.Ordinal)
            .Where(layer => layer.Count() > 1 && layer.All(name => isZero[name]))
            .Select(layer => order.IndexOf(layer.Last()));
        var known = order.Where(isZero.ContainsKey).Where(name => computed[name].Any(value => Math.Abs(value) > tolerance.For(name, 0)));
        var front = known.TakeWhile(name => isZero[name]).ToList();
        var ends = front.Count > 1 ? layers.Append(order.IndexOf(front[^1])) : layers;
        undifferentiated.UnionWith(order.Take(ends.DefaultIfEmpty(-1).Max() + 1));
    }

    private ParityRow OtherShape(TensorInfo tensor, double allowed, string wanted) =>
        new(part.Names[tensor.Name], 0, double.PositiveInfinity, 0, allowed, "") { Remark = $"it is {tensor.ShapeText}, not {wanted}" };

    private double[] Doubles(TensorInfo tensor)
    {
        var values = new double[tensor.Count];
        part.Values.ReadDouble(tensor.Name, values);
        return values;
    }

    private sealed class Difference
    {
        private double largest;
        private long count;

        public double LargestExpected { get; private set; }

        public void Add(double expected, double computed)
        {
            count++;
            var difference = Math.Abs(expected - computed);

            // Anything that is not a number counts as infinitely far, so that it can never pass.
            largest = Math.Max(largest, double.IsNaN(difference) ? double.PositiveInfinity : difference);
            LargestExpected = Math.Max(LargestExpected, double.IsNaN(expected) ? 0 : Math.Abs(expected));
        }

        public ParityRow Row(string name, TensorInfo tensor, double allowed) =>
            new(name, count, largest, LargestExpected, allowed, "") { LeftOut = tensor.Count - count };
    }
}
