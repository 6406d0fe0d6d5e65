using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Parity;

/// <summary>The inputs of a parity file, packed: masked tokens are dropped, the others keep their positions.</summary>
internal sealed class ParityBatch
{
    private ParityBatch(PackedBatch packed, int allRows, int[] rows, int[][] places, int paddedLength, float[]? targets)
    {
        Packed = packed;
        AllRows = allRows;
        Rows = rows;
        Places = places;
        PaddedLength = paddedLength;
        Targets = targets;
    }

    public PackedBatch Packed { get; }

    /// <summary>The number of rows in the file.</summary>
    public int AllRows { get; }

    /// <summary>For each sequence its row in the file: rows whose mask is all zero are left out, there being nothing to attend to.</summary>
    public int[] Rows { get; }

    /// <summary>Whether no row was left out.</summary>
    public bool HasAllRows => Rows.Length == AllRows;

    /// <summary>For each sequence the positions that are not masked, ascending.</summary>
    public int[][] Places { get; }

    public int PaddedLength { get; }

    /// <summary>[B, K], or [B] class numbers, or null where the file has no labels.</summary>
    public float[]? Targets { get; }

    public static bool IsInput(string name) => name is "input_ids" or "attention_mask" or "token_type_ids" or "labels" or "masked_index";

    /// <param name="file">Holds <c>input_ids</c> and perhaps the others.</param>
    /// <param name="config">Of the model that is compared.</param>
    /// <param name="outputs">The number of logits, or null where there is no loss to compute.</param>
    public static ParityBatch Read(Checkpoint file, EncoderConfig config, int? outputs, Loss loss)
    {
        if (file.Find("input_ids") is not { Shape: [>= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue] } shape)
        {
            throw new CheckpointException($"{file.Path} holds no tensor input_ids of shape [batch, length]: docs/parity.md shows how to write such a file");
        }

        var (sequences, length) = ((int)shape.Shape[0], (int)shape.Shape[1]);
        var ids = Integers(file, "input_ids", shape.Shape.AsSpan());
        var mask = file.Contains("attention_mask") ? Integers(file, "attention_mask", shape.Shape.AsSpan()) : null;
        var types = file.Contains("token_type_ids") ? Integers(file, "token_type_ids", shape.Shape.AsSpan()) : null;
        var packed = new PackedBatch();
        var (rows, places) = (new List<int>(), new List<int[]>());
        for (var b = 0; b < sequences; b++)
        {
            var row = b * length;
            int[] valid = [.. Enumerable.Range(0, length).Where(s => mask is null || mask[row + s] != 0)];
            if (valid.Length > 0)
            {
                rows.Add(b);
                places.Add(valid);
                packed.Add(
                    [.. valid.Select(s => Small(ids[row + s]))], types is null ? [] : [.. valid.Select(s => Small(types[row + s]))], Positions(ids.AsSpan(row, length), valid, config));
            }
        }

        if (rows.Count == 0)
        {
            throw new CheckpointException($"{file.Path}: the mask is all zeros, so there is nothing to attend to");
        }

        var targets = outputs is { } count ? ReadTargets(file, sequences, count, loss) : null;
        var width = targets?.Length / sequences ?? 0;
        return new ParityBatch(packed, sequences, [.. rows], [.. places], length, targets is null ? null : [.. rows.SelectMany(b => targets[(b * width)..((b + 1) * width)])]);
    }

    /// <summary>A token's place; in models that count positions from the padding token (RoBERTa, MPNet) without the padding before it, as where a text is padded on the left.</summary>
    private static int[] Positions(ReadOnlySpan<long> ids, int[] valid, EncoderConfig config)
    {
        var positions = (int[])valid.Clone();
        if (config.FirstPosition > 0)
        {
            var (padding, next) = (0, 0);
            for (var s = 0; s < ids.Length && next < valid.Length; s++)
            {
                if (s == valid[next])
                {
                    positions[next++] = s - padding;
                }
                else if (ids[s] == config.PaddingId)
                {
                    padding++;
                }
            }
        }

        return positions;
    }

    /// <summary>The rows of a [B, S, columns] tensor that are not masked, in the packed order; null where it has another shape.</summary>
    public int[]? TokensOf(TensorInfo tensor, int columns) =>
        tensor.Shape.Length == 3 && tensor.Shape[0] == AllRows && tensor.Shape[1] == PaddedLength && tensor.Shape[2] == columns
            ? [.. Places.SelectMany((places, b) => places.Select(s => Rows[b] * PaddedLength + s))]
            : null;

    /// <summary>The rows of a [B, columns] tensor, in the packed order; null where it has another size.</summary>
    public int[]? RowsOf(TensorInfo tensor, int columns) => tensor.Count == (long)AllRows * columns ? Rows : null;

    private static float[]? ReadTargets(Checkpoint file, int sequences, int outputs, Loss loss)
    {
        if (file.Find("labels") is not { } labels)
        {
            return null;
        }

        var perExample = loss == Loss.CrossEntropy ? 1 : outputs;
        if (labels.Count != (long)sequences * perExample)
        {
            throw new CheckpointException(
                $"{file.Path}: labels is {labels.ShapeText}, but this model's loss needs {perExample} for each of the {sequences} rows of input_ids");
        }

        float[] targets;
        if (labels.Type.IsFloat())
        {
            targets = file.Read("labels");
        }
        else
        {
            var values = new long[labels.Count];
            file.ReadInt64("labels", values);
            targets = [.. values.Select(v => (float)v)];
        }

        // The loss looks a class up by its number, so each has to be one.
        var bad = Array.FindIndex(targets, t => loss == Loss.CrossEntropy ? !(t >= 0 && t < outputs && t == MathF.Floor(t)) : !float.IsFinite(t));
        return bad < 0 ? targets : throw new CheckpointException(
            $"{file.Path}: labels holds {targets[bad].ToString(CultureInfo.InvariantCulture)} for row {bad / perExample}, "
            + (loss == Loss.CrossEntropy ? $"but the classes of the model are numbered 0 to {outputs - 1}" : "which is not a finite number"));
    }

    /// <summary>What does not fit becomes −1, which the model's own check refuses by its name.</summary>
    private static int Small(long value) => value is >= 0 and <= int.MaxValue ? (int)value : -1;

    private static long[] Integers(Checkpoint file, string name, ReadOnlySpan<long> shape)
    {
        var tensor = file.Get(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
        {
            throw new CheckpointException($"{file.Path}: {name} is {tensor.ShapeText}, input_ids is [{string.Join(", ", shape.ToArray())}]");
        }

        var values = new long[tensor.Count];
        file.ReadInt64(name, values);
        return values;
    }
}

/// <summary>What a case.json beside the expected file says.</summary>
/// <param name="Loss">The loss that was differentiated; null where it does not say.</param>
/// <param name="IsMasked">Whether that is the loss of a masked language model.</param>
/// <param name="AttentionRows">The query rows that attn.0 holds, where it does not hold all.</param>
internal sealed partial record ParityCase(Loss? Loss, bool IsMasked, IReadOnlyList<int> AttentionRows)
{
    /// <param name="expectedFile">The file that is compared with.</param>
    public static ParityCase Beside(string expectedFile)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(expectedFile))!, "case.json");
        if (!File.Exists(path))
        {
            return new ParityCase(null, IsMasked: false, []);
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var name = !root.TryGetProperty("loss", out var value) ? null : value.ValueKind == JsonValueKind.String ? value.GetString()
                : throw new CheckpointException($"{path}: loss is no string; it can be \"bce\", \"ce\", \"bce_multi\", \"mse\" or \"mlm\"");
            Loss? loss = name switch
            {
                null or "mlm" => null,
                "bce" or "bce_multi" => Numerics.Loss.BinaryCrossEntropy,
                "ce" => Numerics.Loss.CrossEntropy,
                "mse" => Numerics.Loss.MeanSquaredError,
                _ => throw new CheckpointException($"{path}: loss is \"{name}\"; it can be bce, ce, bce_multi, mse or mlm"),
            };
            return new ParityCase(loss, name == "mlm", root.TryGetProperty("attn.0 rows", out var rows) ? Rows(rows) : []);
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path} is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>The loss, or without one what follows from the model.</summary>
    /// <param name="model">What is compared.</param>
    /// <param name="oneLogitIsBinary">
    /// Whether one logit is a binary decision and several are classes: so it is in files of TensorFlow, and where a file brings a classifier of which no configuration says more.
    /// </param>
    public Loss LossOf(SequenceClassifier model, bool oneLogitIsBinary) =>
        Loss ?? (oneLogitIsBinary ? model.Outputs == 1 ? Numerics.Loss.BinaryCrossEntropy : Numerics.Loss.CrossEntropy : UsualLoss(model));

    /// <summary>As Hugging Face chooses it: problem_type, else one output is regression and several are classes.</summary>
    private static Loss UsualLoss(SequenceClassifier model) => model.Config.ProblemType switch
    {
        "multi_label_classification" => Numerics.Loss.BinaryCrossEntropy,
        "single_label_classification" => model.Outputs == 1 ? Numerics.Loss.BinaryCrossEntropy : Numerics.Loss.CrossEntropy,
        "regression" => Numerics.Loss.MeanSquaredError,
        _ => model.Outputs == 1 ? Numerics.Loss.MeanSquaredError : Numerics.Loss.CrossEntropy,
    };

    /// <summary>A list of numbers, or a sentence that holds one in brackets.</summary>
    private static int[] Rows(JsonElement rows) => rows.ValueKind switch
    {
        JsonValueKind.Array => [.. rows.EnumerateArray().Select(r => r.ValueKind == JsonValueKind.Number && r.TryGetInt32(out var row) ? row : -1)],
        JsonValueKind.String when BracketedList().Match(rows.GetString()!) is { Success: true } match =>
            [.. match.Groups[1].Value.Split(',').Select(part => int.Parse(part.Trim()))],
        _ => [],
    };

    [GeneratedRegex(@"\[(\s*\d{1,9}\s*(?:,\s*\d{1,9}\s*)*)\]")]
    private static partial Regex BracketedList();
}

/// <summary>Names with numbers in them in the order that a reader expects: layer.2 before layer.10.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public int Compare(string? a, string? b)
    {
        var (x, y) = (a ?? "", b ?? "");
        var (i, j) = (0, 0);
        while (i < x.Length && j < y.Length)
        {
            if (char.IsAsciiDigit(x[i]) && char.IsAsciiDigit(y[j]))
            {
                var (m, n) = (Run(x, i), Run(y, j));
                var order = m.Length != n.Length ? m.Length.CompareTo(n.Length) : string.CompareOrdinal(m, n);
                if (order != 0)
                {
                    return order;
                }

                i += m.Length;
                j += n.Length;
            }
            else if (x[i] != y[j])
            {
                return x[i].CompareTo(y[j]);
            }
            else
            {
                i++;
                j++;
            }
        }

        return (x.Length - i).CompareTo(y.Length - j);
    }

    private static string Run(string text, int start)
    {
        var end = start;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return text[start..end];
    }
}
