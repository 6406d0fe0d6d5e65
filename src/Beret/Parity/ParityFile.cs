using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Models;

namespace Beret.Parity;

/// <summary>One set of inputs of a parity file with what was computed of them, under the names that this program has for them.</summary>
/// <param name="Values">
/// <c>input_ids</c>, <c>attention_mask</c>, <c>token_type_ids</c>, <c>labels</c>; <c>hidden_states.i</c>, <c>logits</c>, <c>grad.NAME</c> and so on.
/// </param>
/// <param name="Names">What those are called in the file.</param>
internal sealed record ParityPart(Checkpoint Values, IReadOnlyDictionary<string, string> Names);

/// <summary>A file with inputs and what another program computed of them: in the naming of Hugging Face's classes, or in that of TensorFlow's encoders.</summary>
internal sealed class ParityFile
{
    private const string Ids = "input_word_ids";
    private const string HuggingFaceIds = ".input_ids";
    private const string Gradient = "grad/";
    private const string Float64 = "_float64";
    private const string HeadKernel = "classifier/kernel";
    private const string HeadBias = "classifier/bias";

    // Of a part: TensorFlow's names, and ours for the same.
    private static readonly Dictionary<string, string> Outputs = new(StringComparer.Ordinal)
    {
        [Ids] = "input_ids",
        ["input_mask"] = "attention_mask",
        ["input_type_ids"] = "token_type_ids",
        ["labels"] = "labels",
        ["pooled_output"] = "pooled_output",
        ["sequence_output"] = "sequence_output",
        ["logits"] = "logits",
        ["probabilities"] = "probabilities",
        ["loss"] = "loss",
        ["loss_per_example"] = "loss_per_example",
    };

    private ParityFile(bool isTensorFlow, IReadOnlyList<ParityPart> parts, Checkpoint? head, IReadOnlyList<TensorInfo> unknown)
    {
        IsTensorFlow = isTensorFlow;
        Parts = parts;
        Head = head;
        Unknown = unknown;
    }

    /// <summary>Whether the names are TensorFlow's.</summary>
    public bool IsTensorFlow { get; }

    /// <summary>The sets of inputs; they read from the checkpoint that they were made of.</summary>
    public IReadOnlyList<ParityPart> Parts { get; }

    /// <summary>The classifier that the file brings, as <c>weight</c> [K, H] and <c>bias</c> [K]; null where it brings none.</summary>
    public Checkpoint? Head { get; }

    /// <summary>What belongs to no part.</summary>
    public IReadOnlyList<TensorInfo> Unknown { get; }

    /// <param name="file">Stays the caller's, and open.</param>
    /// <param name="family">Of the model that is compared.</param>
    public static ParityFile Read(Checkpoint file, EncoderFamily family)
    {
        // The longest first, so that a part within a part gets its own tensors.
        var tags = file.Tensors.Where(tensor => tensor.Name == Ids || tensor.Name.EndsWith($"/{Ids}", StringComparison.Ordinal))
            .Select(tensor => tensor.Name[..^Ids.Length]).OrderByDescending(tag => tag.Length).ToArray();
        if (tags.Length == 0)
        {
            return file.Contains("input_ids") || !file.Tensors.Any(tensor => tensor.Name.EndsWith(HuggingFaceIds, StringComparison.Ordinal))
                ? new ParityFile(false, [new ParityPart(file, file.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Name, StringComparer.Ordinal))], null, [])
                : ReadTagged(file);
        }

        var unknown = new List<TensorInfo>();
        var ofTag = tags.ToDictionary(tag => tag, _ => new List<TensorInfo>(), StringComparer.Ordinal);
        foreach (var tensor in file.Tensors.Where(tensor => tensor.Name is not (HeadKernel or HeadBias)))
        {
            (tags.FirstOrDefault(tag => tensor.Name.StartsWith(tag, StringComparison.Ordinal)) is { } tag ? ofTag[tag] : unknown).Add(tensor);
        }

        return new ParityFile(true, [.. tags.Order(StringComparer.Ordinal).Select(tag => Part(file, tag, ofTag[tag], family, unknown))], HeadOf(file), unknown);
    }

    /// <summary>Several sets of inputs in Hugging Face's naming, each behind a tag and a dot; labels without a tag are those of all.</summary>
    private static ParityFile ReadTagged(Checkpoint file)
    {
        string[] tags = [.. file.Tensors.Where(tensor => tensor.Name.EndsWith(HuggingFaceIds, StringComparison.Ordinal))
            .Select(tensor => tensor.Name[..^(HuggingFaceIds.Length - 1)]).OrderByDescending(tag => tag.Length)];
        var ofTag = tags.ToDictionary(tag => tag, _ => new List<RelaidTensor>(), StringComparer.Ordinal);
        var unknown = new List<TensorInfo>();
        foreach (var tensor in file.Tensors.Where(tensor => tensor.Name is not ("labels" or "classifier.weight" or "classifier.bias")))
        {
            if (tags.FirstOrDefault(tag => tensor.Name.StartsWith(tag, StringComparison.Ordinal)) is { } tag)
            {
                ofTag[tag].Add(new RelaidTensor(tensor.Name[tag.Length..], tensor, TensorLayout.Same));
            }
            else
            {
                unknown.Add(tensor);
            }
        }

        var parts = new List<ParityPart>();
        foreach (var tag in tags.Order(StringComparer.Ordinal))
        {
            var tensors = ofTag[tag];
            if (file.Find("labels") is { } labels && !tensors.Exists(tensor => tensor.Name == "labels"))
            {
                tensors.Add(new RelaidTensor("labels", labels, TensorLayout.Same));
            }

            parts.Add(new ParityPart(RelaidCheckpoint.Create(file, tensors), tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Source.Name, StringComparer.Ordinal)));
        }

        var head = file.Find("classifier.weight") is not { } weight ? null : RelaidCheckpoint.Create(
            file,
            [new RelaidTensor("weight", weight, TensorLayout.Same), .. file.Find("classifier.bias") is { } bias ? [new RelaidTensor("bias", bias, TensorLayout.Same)] : Array.Empty<RelaidTensor>()]);
        return new ParityFile(false, parts, head, unknown);
    }

    private static ParityPart Part(Checkpoint file, string tag, List<TensorInfo> tensors, EncoderFamily family, List<TensorInfo> unknown)
    {
        var gradients = TensorFlowNames.Of(tensors.Select(tensor => tensor.Name[tag.Length..])
            .Where(name => name.StartsWith(Gradient, StringComparison.Ordinal)).Select(name => name[Gradient.Length..]));
        var relaid = new List<RelaidTensor>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            var name = tensor.Name[tag.Length..];
            var is64 = name.EndsWith(Float64, StringComparison.Ordinal);
            var (ours, layout) = Ours(is64 ? name[..^Float64.Length] : name, gradients, family);
            ours += is64 && ours is not null ? ParityComparison.Float64 : "";
            if (ours is { Length: > 0 } && names.TryAdd(ours, tensor.Name))
            {
                relaid.Add(new RelaidTensor(ours, tensor, layout));
            }
            else
            {
                unknown.Add(tensor);
            }
        }

        return new ParityPart(RelaidCheckpoint.Create(file, relaid), names);
    }

    private static (string? Name, TensorLayout Layout) Ours(string name, TensorFlowNames? gradients, EncoderFamily family)
    {
        const string Layer = "encoder_outputs/";
        if (Outputs.TryGetValue(name, out var output))
        {
            return (output, TensorLayout.Same);
        }

        // Number 0 is what comes out of the first block; ours is what goes into it.
        if (name.StartsWith(Layer, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Layer.Length), out var layer) && layer is >= 0 and < int.MaxValue)
        {
            return ($"hidden_states.{layer + 1}", TensorLayout.Same);
        }

        if (!name.StartsWith(Gradient, StringComparison.Ordinal) || gradients?.Find(name[Gradient.Length..]) is not { } found)
        {
            return (null, default);
        }

        var parameter = found.Name.StartsWith(gradients.Root, StringComparison.Ordinal) ? $"{family.Prefix}{found.Name[gradients.Root.Length..]}" : found.Name;
        return ($"grad.{parameter}", found.Layout);
    }

    private static RelaidCheckpoint? HeadOf(Checkpoint file) => file.Find(HeadKernel) is not { } kernel ? null : RelaidCheckpoint.Create(
        file,
        [new RelaidTensor("weight", kernel, TensorLayout.InputFirst), .. file.Find(HeadBias) is { } bias ? [new RelaidTensor("bias", bias, TensorLayout.Vector)] : Array.Empty<RelaidTensor>()]);
}
