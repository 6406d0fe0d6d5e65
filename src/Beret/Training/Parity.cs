using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Training;

/// <summary>
/// Runs a model on the inputs of a file that another program wrote and compares every output and every gradient with what that program computed.
/// </summary>
internal sealed class Parity
{
    /// <summary>What the name of a tensor ends with that was computed in double precision.</summary>
    public const string Float64 = ".fp64";

    private readonly SequenceClassifier model;
    private readonly ParityPart part;
    private readonly ParityBatch batch;
    private readonly ParityCase rules;
    private readonly ParityTolerance tolerance;
    private readonly bool hasHead;
    private readonly HashSet<string> undifferentiated = [];
    private readonly Dictionary<string, float[]> computed = new(StringComparer.Ordinal);
    private float[][] attention = [];

    private Parity(SequenceClassifier model, ParityPart part, ParityCase rules, ParityTolerance tolerance, bool hasHead)
    {
        this.model = model;
        this.part = part;
        this.rules = rules;
        this.tolerance = tolerance;
        this.hasHead = hasHead;
        batch = ParityBatch.Read(part.Values, hasHead ? model.Outputs : null, rules.Loss);
        model.Encoder.Check(batch.Packed);
    }

    /// <summary>Compares.</summary>
    /// <param name="path">The model, as <see cref="ModelFiles.Open"/> takes it; its tokenizer is not needed.</param>
    /// <param name="expectedFile">The inputs and the expected tensors.</param>
    /// <param name="tolerance">Replaces all default tolerances: absolute, and for gradients also relative to the tensor's largest entry.</param>
    /// <param name="backend">Computes all but the attention probabilities.</param>
    /// <exception cref="CheckpointException">The file has no usable inputs.</exception>
    public static IReadOnlyList<ParityRow> Run(string path, string expectedFile, double? tolerance, IBackend backend)
    {
        using var expected = Checkpoint.Open(expectedFile);
        var files = ModelFiles.Open(path);
        var file = ParityFile.Read(expected, files.Config.Family);
        var watch = new AttentionWatch(backend);
        using var model = Load(files, file, watch, out var hasHead);
        model.Parameters.AllocateForTraining();
        var rules = ParityCase.Beside(expectedFile, model, file.IsTensorFlow);
        var allowed = new ParityTolerance(file.IsTensorFlow, model.Config.Family.ModelType, BringsHead: file.Head is not null, tolerance);
        var rows = new List<ParityRow>();
        foreach (var part in file.Parts)
        {
            var parity = new Parity(model, part, rules, allowed, hasHead);
            parity.Compute(watch);
            rows.AddRange(part.Values.Tensors.Where(tensor => !ParityBatch.IsInput(tensor.Name)).Select(parity.Compare));
        }

        rows.AddRange(file.Unknown.Select(tensor => NotCompared(tensor.Name, "no output of this name")));
        return [.. rows.OrderBy(row => row.Name, new NaturalOrder())];
    }

    private static SequenceClassifier Load(ModelFiles files, ParityFile file, IBackend backend, out bool hasHead)
    {
        using var weights = files.OpenWeights();
        var config = files.Config;
        var brought = file.Head?.Get("weight");
        hasHead = brought is not null || ModelLoader.StoredOutputs(weights, config.Family.Adapt(config, weights)) is not null;

        // A bare encoder gets a classifier that is not looked at.
        var outputs = brought switch
        {
            null => hasHead ? null : (int?)1,
            { Shape: [> 0 and < 1 << 20 and var count, var width] } when width == config.HiddenSize && (file.Head!.Find("bias")?.Count ?? count) == count => (int)count,
            _ => throw new CheckpointException($"{file.Head!.Path}: classifier/kernel and classifier/bias are no dense layer on the {config.HiddenSize} features of the model"),
        };
        var model = ModelLoader.Load(config, weights, backend, outputs).Model;
        if (file.Head is { } head)
        {
            backend.Write(head.Read("weight"), model.Head.Weights[0].Value);
            backend.Write(head.Contains("bias") ? head.Read("bias") : new float[model.Outputs], model.Head.Biases[0].Value);
            model.Parameters.Touch();
        }

        return model;
    }

    private void Compute(AttentionWatch watch)
    {
        var set = model.Parameters;
        set.ClearGradients();
        watch.Clear();
        using var arena = new Arena(watch);
        var ops = new Ops(watch, arena, new Tape()) { Drops = false };
        ops.Begin();
        var indices = ops.Upload(batch.Packed);
        var (encoded, features, logits) = model.Forward(ops, indices, (number, value) => Keep($"hidden_states.{number}", value.Data));
        Keep("pooled", features.Data);
        Keep("pooled_output", encoded.Pooled.Data);
        Keep("sequence_output", encoded.Sequence.Data);
        if (hasHead)
        {
            computed["probabilities"] = Probabilities(Keep("logits", logits.Data));
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
        computed["loss_per_example"] = losses;
        if (batch.HasAllRows)
        {
            computed["loss"] = [(float)losses.Average(l => (double)l)];
            Keep("grad_logits", ops.LogitsGradient(logits));
            ops.Backward();
            foreach (var parameter in set.All)
            {
                computed[$"grad.{parameter.Name}"] = Gradients.Dense(watch, parameter, batch.Packed.Ids);
            }

            FindUndifferentiated();
        }

        float[] Keep(string name, Matrix matrix)
        {
            var values = new float[matrix.Length];
            watch.Read(matrix, values);
            computed[name] = values;
            return values;
        }
    }

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
            var isOfLoss = plain is "loss" or "loss_per_example" or "grad_logits" || plain.StartsWith("grad.", StringComparison.Ordinal);
            return NotCompared(
                name,
                !hasHead && (isOfLoss || plain is "logits" or "probabilities") ? "the model folder has no classifier"
                : isOfLoss && batch.Targets is null ? "the file has no labels"
                : isOfLoss && !batch.HasAllRows ? "rows whose mask is all zero are left out"
                : "no output of this name");
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
        var rows = isOfTokens ? batch.TokensOf(tensor, model.Config.HiddenSize)
            : isOfRows ? batch.RowsOf(tensor, mine.Length / batch.Packed.Sequences)
            : tensor.Count == mine.Length ? [0]
            : null;
        if (rows is null)
        {
            return OtherShape(tensor, tolerance.For(plain, 0), isOfTokens
                ? $"[{batch.AllRows}, {batch.PaddedLength}, {model.Config.HiddenSize}]"
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
        var heads = model.Config.Heads;
        var length = batch.PaddedLength;
        if (attention.Length == 0)
        {
            return NotCompared(name, $"the attention of {model.Config.Family} keeps no probabilities");
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
                        var mine = Array.BinarySearch(places, key) is >= 0 and var k ? attention[b][(head * places.Length + query) * places.Length + k] : 0;
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
        return new[] { $"grad.{parameter}", $"grad.{model.Config.Family.Prefix}{parameter}" }.FirstOrDefault(computed.ContainsKey);
    }

    /// <summary>
    /// Where the gradients of a whole layer (weight and bias) are zeros in the file but should not be, or those of everything up to some layer, its writer's chain of
    /// derivatives ended there, and so did what it knows of all that stands before. A single tensor of zeros is a wrong gradient, and fails.
    /// </summary>
    private void FindUndifferentiated()
    {
        var order = model.Parameters.All.Select(parameter => $"grad.{parameter.Name}").ToList();
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

    /// <summary>As the losses understand logits: of one a sigmoid, of several a softmax, or where each is a label of its own a sigmoid each.</summary>
    private float[] Probabilities(float[] logits)
    {
        if (rules.Loss != Loss.CrossEntropy)
        {
            return [.. logits.Select(logit => (float)(1 / (1 + Math.Exp(-logit))))];
        }

        return [.. logits.Chunk(model.Outputs).SelectMany(row =>
        {
            var largest = row.Max();
            var sum = row.Sum(logit => Math.Exp(logit - largest));
            return row.Select(logit => (float)(Math.Exp(logit - largest) / sum));
        })];
    }

    private static ParityRow NotCompared(string name, string why) => new(name, 0, 0, 0, 0, why);

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
