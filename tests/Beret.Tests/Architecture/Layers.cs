namespace Beret.Tests.Architecture;

/// <summary>Which namespace of the library may use which. This table is the rule; docs/architecture.md says why.</summary>
internal static class Layers
{
    /// <summary>From left to right, after the checksum and the wire format that several of them read: text becomes ids, ids become logits, logits become weights and metrics. No layer reaches to its right.</summary>
    public static readonly string[] Order =
        ["Checksums", "Protobuf", "Text", "Numerics", "Checkpoints", "Models", "Hub", "Data", "Evaluation", "Tasks", "Baselines", "Tokens", "Inference", "Batches", "Optimization", "Parity", "Training", "Pretraining", "Benchmarks", "Reports", "Pipelines", "Server"];

    /// <summary>
    /// What each may use beside itself and the root, which holds the one base of all exceptions. A nested namespace is its layer's own: others have no business in it,
    /// except that Parity computes attention weights on the reference backend, which alone keeps them; that Inference, which understands models of every format, and Parity,
    /// which compares with TensorFlow's own names, know the formats of TensorFlow; and that what else runs keeps its folder, and learns from a teacher, as Training does.
    /// </summary>
    public static readonly Dictionary<string, string[]> Allowed = new()
    {
        [""] = [],
        ["Checksums"] = [],
        ["Protobuf"] = [],
        ["Text"] = ["Text.Unicode", "Text.SentencePiece", "Text.Pipeline", "Text.Vocabularies"],
        ["Text.Unicode"] = ["Text"],
        ["Text.SentencePiece"] = ["Text", "Text.Unicode", "Protobuf"],
        ["Text.Pipeline"] = ["Text", "Text.Unicode", "Text.SentencePiece"],
        ["Text.Vocabularies"] = ["Text", "Text.Unicode", "Text.Pipeline"],
        ["Numerics"] = ["Numerics.Kernels", "Numerics.Assembled"],
        ["Numerics.Assembled"] = [],
        ["Numerics.Kernels"] = ["Numerics", "Numerics.Assembled"],
        ["Numerics.Reference"] = ["Numerics"],
        ["Checkpoints"] = ["Checkpoints.TensorFlow", "Checkpoints.Pickle"],
        ["Checkpoints.TensorFlow"] = ["Checkpoints", "Protobuf", "Checksums"],
        ["Checkpoints.Pickle"] = ["Checkpoints", "Checksums"],
        ["Models"] = ["Numerics", "Checkpoints"],
        ["Hub"] = ["Checkpoints"],
        ["Data"] = ["Data.Files"],
        ["Data.Files"] = ["Data", "Checksums"],
        ["Evaluation"] = [],
        ["Tasks"] = ["Numerics", "Data", "Evaluation"],
        ["Baselines"] = ["Numerics", "Checkpoints", "Data", "Evaluation", "Tasks"],
        ["Tokens"] = ["Checksums", "Text", "Numerics", "Checkpoints", "Data"],
        ["Inference"] = ["Text", "Numerics", "Checkpoints", "Checkpoints.TensorFlow", "Models", "Hub", "Data", "Evaluation", "Tasks", "Baselines", "Tokens"],
        ["Batches"] = ["Checkpoints", "Data", "Tasks", "Inference"],
        ["Optimization"] = ["Numerics", "Models"],
        ["Parity"] = ["Numerics", "Numerics.Reference", "Checkpoints", "Checkpoints.TensorFlow", "Models", "Hub", "Inference", "Optimization"],
        ["Training"] = ["Text", "Numerics", "Checkpoints", "Models", "Hub", "Data", "Evaluation", "Tasks", "Baselines", "Tokens", "Inference", "Optimization", "Training.Runs", "Training.Teachers"],
        ["Training.Runs"] = ["Checksums", "Protobuf", "Numerics", "Checkpoints", "Evaluation", "Inference", "Training"],
        ["Training.Teachers"] = ["Text", "Numerics", "Checkpoints", "Models", "Hub", "Data", "Tasks", "Tokens", "Inference", "Training", "Training.Runs"],
        ["Pretraining"] = ["Text", "Numerics", "Checkpoints", "Models", "Hub", "Data", "Inference", "Optimization", "Training", "Training.Runs", "Training.Teachers"],
        ["Benchmarks"] = ["Numerics", "Checkpoints", "Models", "Hub", "Evaluation", "Inference", "Optimization", "Training", "Training.Teachers"],
        ["Reports"] = ["Text", "Numerics", "Data", "Evaluation", "Inference", "Training", "Training.Teachers"],
        ["Pipelines"] = ["Text", "Numerics", "Checkpoints", "Hub", "Data", "Evaluation", "Tasks", "Tokens", "Inference", "Training", "Training.Runs", "Training.Teachers", "Pretraining", "Reports"],

        // The server, an assembly of its own: its root holds its one exception. A request goes from Hosting through a protocol, the servables and the scheduler to the classifier.
        ["Server"] = [],
        ["Server.Json"] = [],
        ["Server.Operations"] = ["Server"],
        ["Server.Scheduling"] = ["Server", "Server.Operations", "Inference", "Tokens"],
        ["Server.Servables"] = ["Server", "Server.Operations", "Server.Scheduling", "Inference", "Tokens"],
        ["Server.Protocols"] = ["Server", "Server.Json", "Server.Operations", "Server.Scheduling", "Server.Servables", "Inference", "Tasks"],
        ["Server.Protocols.TensorFlow"] = ["Server", "Server.Json", "Server.Scheduling", "Server.Servables", "Server.Protocols", "Server.Protocols.TensorFlow.Wire", "Inference", "Tasks"],
        ["Server.Protocols.TensorFlow.Wire"] = [],
        ["Server.Protocols.OpenInference"] = ["Server", "Server.Json", "Server.Scheduling", "Server.Servables", "Server.Protocols", "Server.Protocols.OpenInference.Wire", "Inference", "Tasks"],
        ["Server.Protocols.OpenInference.Wire"] = [],
        ["Server.Protocols.TextEmbeddings"] = ["Server", "Server.Json", "Server.Scheduling", "Server.Servables", "Server.Protocols", "Inference", "Tasks", "Numerics"],
        ["Server.Hosting"] =
        [
            "Server", "Server.Operations", "Server.Scheduling", "Server.Servables", "Server.Protocols", "Server.Protocols.TensorFlow", "Server.Protocols.OpenInference",
            "Server.Protocols.TextEmbeddings", "Inference",
        ],
    };

    private const string Root = "Beret";

    /// <summary>The references that the table does not allow. A namespace that is not in it may use nothing, and nothing may use it.</summary>
    public static IReadOnlyList<Reference> Violations(IEnumerable<Reference> references) =>
        [.. references.Where(reference => Name(reference.To) is { } to && to != Name(reference.From) && !MayUse(Name(reference.From), to))];

    private static bool MayUse(string? from, string to) => from is not null && Allowed.TryGetValue(from, out var allowed) && (to == "" || allowed.Contains(to));

    /// <summary>The name without the root; null for what a compiler or a generator puts elsewhere.</summary>
    private static string? Name(string name) =>
        name == Root ? "" : name.StartsWith($"{Root}.", StringComparison.Ordinal) ? name[(Root.Length + 1)..] : null;
}
