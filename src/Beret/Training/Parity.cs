using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;

namespace Beret.Training;

/// <summary>One tensor of the expected file beside what Beret computes.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="Elements">How many elements were compared; masked positions are left out.</param>
/// <param name="LargestDifference">max |expected − computed|.</param>
/// <param name="LargestExpected">max |expected|: the scale of a relative difference.</param>
/// <param name="Allowed">The largest difference that passes.</param>
/// <param name="Note">Why it was not compared, or "".</param>
public sealed record ParityRow(string Name, long Elements, double LargestDifference, double LargestExpected, double Allowed, string Note)
{
    /// <summary>What is wrong beside the difference, or "": a tensor of another shape fails, it is not merely left out.</summary>
    public string Remark { get; init; } = "";

    /// <summary>Whether the tensor was compared at all.</summary>
    public bool IsCompared => Note.Length == 0;

    /// <summary>Whether the difference is within what is allowed; a tensor that was not compared does not fail. A difference that is not a number does.</summary>
    public bool Passes => !IsCompared || LargestDifference <= Allowed;

    /// <summary>The difference relative to the tensor's largest entry.</summary>
    public double RelativeDifference => LargestExpected > 0 ? LargestDifference / LargestExpected : LargestDifference;
}

/// <summary>
/// Runs a model on the inputs of a file that another program wrote and compares every output and every gradient with what that program computed.
/// </summary>
internal sealed class Parity
{
    private readonly SequenceClassifier model;
    private readonly Checkpoint expected;
    private readonly ParityBatch batch;
    private readonly ParityCase rules;
    private readonly double? tolerance;
    private readonly bool hasHead;
    private readonly bool encoderIsFrozen;
    private readonly Dictionary<string, float[]> computed = new(StringComparer.Ordinal);
    private float[][] attention = [];

    private Parity(SequenceClassifier model, Checkpoint expected, ParityCase rules, double? tolerance, bool hasHead)
    {
        this.model = model;
        this.expected = expected;
        this.rules = rules;
        this.tolerance = tolerance;
        this.hasHead = hasHead;
        encoderIsFrozen = expected.Tensors.Where(t => IsOfEncoder(t.Name) && t.Type.IsFloat()).All(t => Doubles(t).All(value => value == 0));
        batch = ParityBatch.Read(expected, hasHead ? model.Outputs : null, rules.Loss);
        model.Encoder.Check(batch.Packed);
    }

    /// <summary>Compares.</summary>
    /// <param name="folder">The model, as <see cref="ModelLoader"/> takes it.</param>
    /// <param name="expectedFile">The inputs and the expected tensors.</param>
    /// <param name="tolerance">Replaces all default tolerances: absolute, and for gradients also relative to the tensor's largest entry.</param>
    /// <param name="backend">Computes all but the attention probabilities.</param>
    /// <exception cref="CheckpointException">The file has no usable inputs.</exception>
    public static IReadOnlyList<ParityRow> Run(string folder, string expectedFile, double? tolerance, IBackend backend)
    {
        using var expected = Checkpoint.Open(expectedFile);
        var watch = new AttentionWatch(backend);
        bool hasHead;
        using (var weights = Checkpoint.Open(folder))
        {
            var config = ConfigReader.Read(Path.Combine(folder, "config.json"));
            hasHead = ModelLoader.StoredOutputs(weights, config.Family.Adapt(config, weights)) is not null;
        }

        // A bare encoder gets a classifier that is not looked at.
        using var model = ModelLoader.Load(
            folder, watch, hasHead ? null : 1, adjust: config => config with { HiddenDropout = 0, AttentionDropout = 0, ClassifierDropout = 0, PoolerDropout = 0 }).Model;
        var parity = new Parity(model, expected, ParityCase.Beside(expectedFile, model), tolerance, hasHead);
        parity.Compute(watch);
        return [.. expected.Tensors.Where(t => !ParityBatch.IsInput(t.Name)).OrderBy(t => t.Name, new NaturalOrder()).Select(t => parity.Compare(t))];
    }

    private void Compute(AttentionWatch watch)
    {
        var set = model.Parameters;
        set.AllocateForTraining();
        set.ClearGradients();
        using var arena = new Arena(watch);
        var ops = new Ops(watch, arena, new Tape());
        ops.Begin();
        var indices = ops.Upload(batch.Packed);
        var (_, features, logits) = model.Forward(ops, indices, (number, value) => Keep($"hidden_states.{number}", value.Data));
        Keep("pooled", features.Data);
        if (hasHead)
        {
            Keep("logits", logits.Data);
        }

        attention = watch.FirstProbabilities;
        if (batch.Targets is null)
        {
            return;
        }

        var targets = arena.Take(batch.Packed.Sequences, batch.Targets.Length / batch.Packed.Sequences);
        watch.Write(batch.Targets, targets);
        var losses = new float[batch.Packed.Sequences];
        var tape = ops.Loss(rules.Loss, logits, targets);
        watch.Read(tape, losses);
        computed["loss"] = [(float)losses.Average(l => (double)l)];
        Keep("grad_logits", ops.LogitsGradient(logits));
        ops.Backward();
        foreach (var parameter in set.All)
        {
            computed[$"grad.{parameter.Name}"] = Gradients.Dense(watch, parameter, batch.Packed.Ids);
        }

        void Keep(string name, Matrix matrix)
        {
            var values = new float[matrix.Length];
            watch.Read(matrix, values);
            computed[name] = values;
        }
    }

    private ParityRow Compare(TensorInfo tensor)
    {
        var name = tensor.Name;
        var plain = name.EndsWith(".fp64", StringComparison.Ordinal) ? name[..^".fp64".Length] : name;
        if (plain == "attn.0")
        {
            return CompareAttention(tensor);
        }

        var mine = computed.GetValueOrDefault(plain) ?? Gradient(plain);
        if (mine is null)
        {
            var isOfLoss = plain is "loss" or "grad_logits" || plain.StartsWith("grad.", StringComparison.Ordinal);
            return NotCompared(
                tensor,
                !hasHead && (isOfLoss || plain == "logits") ? "the model folder has no classifier"
                : isOfLoss && batch.Targets is null ? "the file has no labels"
                : "no output of this name");
        }

        if (plain.EndsWith("attention.self.key.bias", StringComparison.Ordinal))
        {
            return NotCompared(tensor, "its gradient is zero but for rounding");
        }

        if (encoderIsFrozen && IsOfEncoder(plain))
        {
            return NotCompared(tensor, "the file's gradients of the encoder are all zero: its writer did not differentiate so far");
        }

        var isHidden = plain.StartsWith("hidden_states.", StringComparison.Ordinal);
        var rows = isHidden ? batch.RowsOf(tensor, model.Config.HiddenSize) : null;
        if (isHidden ? rows is null : tensor.Count != mine.Length)
        {
            return OtherShape(tensor, Allowed(plain, 0), isHidden
                ? $"[{batch.Packed.Sequences}, {batch.PaddedLength}, {model.Config.HiddenSize}]"
                : $"{mine.Length} elements");
        }

        var theirs = Doubles(tensor);
        var columns = rows is null ? mine.Length : mine.Length / rows.Length;
        var difference = new Difference();
        for (var r = 0; r < (rows?.Length ?? 1); r++)
        {
            var from = rows is null ? 0 : rows[r] * columns;
            for (var j = 0; j < columns; j++)
            {
                difference.Add(theirs[from + j], mine[r * columns + j]);
            }
        }

        return difference.Row(name, Allowed(plain, difference.LargestExpected));
    }

    /// <summary>attn.0: [B, heads, query rows, S]; valid where the query is not masked; masked keys have probability 0.</summary>
    private ParityRow CompareAttention(TensorInfo tensor)
    {
        var heads = model.Config.Heads;
        var length = batch.PaddedLength;
        if (tensor.Shape.Length != 4 || tensor.Shape[0] != batch.Packed.Sequences || tensor.Shape[1] != heads || tensor.Shape[3] != length)
        {
            return OtherShape(tensor, tolerance ?? 1e-5, $"[{batch.Packed.Sequences}, {heads}, queries, {length}]");
        }

        var queries = tensor.Shape[2] == length ? [.. Enumerable.Range(0, length)] : rules.AttentionRows;
        if (queries.Count != tensor.Shape[2])
        {
            return NotCompared(tensor, "it has fewer query rows than tokens, and no case.json beside the file lists which (\"attn.0 rows\")");
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
                        var mine = Array.BinarySearch(places, key) is >= 0 and var k ? attention[b][(head * places.Length + query) * places.Length + k] : 0;
                        difference.Add(theirs[((b * heads + head) * queries.Count + q) * length + key], mine);
                    }
                }
            }
        }

        return difference.Row(tensor.Name, tolerance ?? 1e-5);
    }

    /// <summary>A gradient under the name that the writer's model gave it: with or without the encoder's prefix, gamma and beta as well.</summary>
    private float[]? Gradient(string name)
    {
        if (!name.StartsWith("grad.", StringComparison.Ordinal))
        {
            return null;
        }

        var parameter = name["grad.".Length..].Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
            .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
        return computed.GetValueOrDefault($"grad.{parameter}") ?? computed.GetValueOrDefault($"grad.{model.Config.Family.Prefix}{parameter}");
    }

    private static bool IsOfEncoder(string name) =>
        name.StartsWith("grad.", StringComparison.Ordinal) && !name.StartsWith("grad.classifier.", StringComparison.Ordinal);

    private double Allowed(string name, double largest) =>
        name.StartsWith("grad", StringComparison.Ordinal) ? Math.Max(tolerance ?? 5e-6, (tolerance ?? 3e-5) * largest)
        : tolerance ?? (name == "loss" ? 1e-5 : name.StartsWith("hidden", StringComparison.Ordinal) ? 1e-4 : 3e-5);

    private ParityRow NotCompared(TensorInfo tensor, string why) => new(tensor.Name, 0, 0, 0, 0, why);

    private static ParityRow OtherShape(TensorInfo tensor, double allowed, string wanted) =>
        new(tensor.Name, 0, double.PositiveInfinity, 0, allowed, "") { Remark = $"it is {tensor.ShapeText}, not {wanted}" };

    private double[] Doubles(TensorInfo tensor)
    {
        var values = new double[tensor.Count];
        expected.ReadDouble(tensor.Name, values);
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

        public ParityRow Row(string name, double allowed) => new(name, count, largest, LargestExpected, allowed, "");
    }

    /// <summary>Sees the queries, keys and values of the first attention, from which the reference kernel makes the probabilities.</summary>
    private sealed class AttentionWatch(IBackend inner) : ForwardingBackend(inner)
    {
        public float[][] FirstProbabilities { get; private set; } = [];

        public override void Attention(
            Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
        {
            if (FirstProbabilities.Length == 0)
            {
                FirstProbabilities =
                    [.. Enumerable.Range(0, starts.Count - 1).Select(b => ReferenceBackend.AttentionProbabilities(queryKeyValue, starts, heads, window, b))];
            }

            base.Attention(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context);
        }

        public override void Dispose()
        {
        }
    }
}
