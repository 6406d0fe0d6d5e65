using System.Collections.Frozen;
using System.Globalization;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>What a variable of TensorFlow is in a Hugging Face checkpoint.</summary>
/// <param name="Name">The parameter's name, such as <c>bert.encoder.layer.3.attention.self.query.weight</c>.</param>
/// <param name="Layout">How the values are to be rearranged.</param>
/// <param name="Scope">What stands before the part of the name that was recognised, such as <c>bert_encoder_v2</c>; often empty.</param>
internal sealed record HuggingFaceName(string Name, TensorLayout Layout, string Scope);

/// <summary>
/// The names of BERT's variables in TensorFlow and of its parameters in Hugging Face checkpoints: those of the model garden (TF Hub, TF2 checkpoints) and
/// those of the original releases of BERT and ELECTRA (TF1).
/// </summary>
internal static class TensorFlowNames
{
    /// <summary>The root of BERT's parameters.</summary>
    public const string BertRoot = "bert.";

    private const string Layer = "layer_";
    private const string AnyLayer = "layer_#";

    // Of the longest name of the table.
    private const int MostSegments = 7;

    // By the name without its scope and with # for the number of the layer. A name beginning with ! is not below the root.
    private static readonly FrozenDictionary<string, (string Name, TensorLayout Layout)> Table = Entries().ToFrozenDictionary(
        entry => entry.TensorFlow, entry => (entry.HuggingFace, entry.Layout), StringComparer.Ordinal);

    /// <summary>
    /// The parameter that a variable is, by its full name (with or without <c>:0</c>, within any scope); null for what is no part of the encoder or its
    /// classifier.
    /// </summary>
    /// <param name="fullName">Such as <c>transformer/layer_3/self_attention/query/kernel</c> or <c>bert/encoder/layer_3/attention/self/query/kernel</c>.</param>
    /// <param name="root">What the encoder's parameters begin with.</param>
    public static HuggingFaceName? Find(string fullName, string root = BertRoot)
    {
        var segments = (fullName.EndsWith(":0", StringComparison.Ordinal) ? fullName[..^2] : fullName).Split('/');
        var layer = "";
        for (var i = 0; i < segments.Length; i++)
        {
            if (LayerOf(segments[i]) is { } number)
            {
                layer = number;
                segments[i] = AnyLayer;
            }
        }

        for (var start = Math.Max(0, segments.Length - MostSegments); start < segments.Length; start++)
        {
            if (Table.TryGetValue(string.Join('/', segments[start..]), out var found))
            {
                var name = found.Name.Replace("#", layer, StringComparison.Ordinal);
                return new HuggingFaceName(name[0] == '!' ? name[1..] : root + name, found.Layout, string.Join('/', segments[..start]));
            }
        }

        return null;
    }

    /// <summary>
    /// A bundle as a Hugging Face checkpoint of BERT: only what <see cref="Find"/> knows, under its names and in its layout. The view owns the bundle.
    /// </summary>
    /// <exception cref="CheckpointException">Two variables could be the same parameter, or one has an impossible shape.</exception>
    public static Checkpoint AsHuggingFace(TensorBundle bundle, string root = BertRoot) =>
        AsHuggingFace(bundle, bundle.FullNames.SelectMany(name => name.Value, (name, key) => KeyValuePair.Create(name.Key, key)), root);

    /// <summary>Tensors of any checkpoint, given by full name and name in it, as a Hugging Face checkpoint of BERT. The view owns the checkpoint.</summary>
    /// <exception cref="CheckpointException">Two variables could be the same parameter, or one has an impossible shape.</exception>
    public static Checkpoint AsHuggingFace(Checkpoint checkpoint, IEnumerable<KeyValuePair<string, string>> variables, string root = BertRoot)
    {
        var chosen = new Dictionary<string, (HuggingFaceName Target, string Variable, TensorInfo Source)>(StringComparer.Ordinal);
        foreach (var (fullName, key) in variables)
        {
            if (Find(fullName, root) is not { } target || checkpoint.Find(key) is not { } source)
            {
                continue;
            }

            if (chosen.TryGetValue(target.Name, out var other))
            {
                // The deeper scope is that of a copy, such as an optimizer's or an average's.
                var (depth, otherDepth) = (DepthOf(target.Scope), DepthOf(other.Target.Scope));
                if (depth == otherDepth)
                {
                    throw new CheckpointException(
                        $"{checkpoint.Path}: {CheckpointException.Quote(fullName)} and {CheckpointException.Quote(other.Variable)} could both be {target.Name}");
                }

                if (depth > otherDepth)
                {
                    continue;
                }
            }

            chosen[target.Name] = (target, fullName, source);
        }

        return RelaidCheckpoint.Create(
            checkpoint, chosen.Values.Select(variable => new RelaidTensor(variable.Target.Name, variable.Source, variable.Target.Layout)));
    }

    private static IEnumerable<(string TensorFlow, string HuggingFace, TensorLayout Layout)> Entries()
    {
        const string ours = "encoder.layer.#.";
        const string garden = "transformer/layer_#/";
        return
        [
            ("word_embeddings/embeddings", "embeddings.word_embeddings.weight", TensorLayout.Same),
            ("position_embedding/embeddings", "embeddings.position_embeddings.weight", TensorLayout.Same),
            ("type_embeddings/embeddings", "embeddings.token_type_embeddings.weight", TensorLayout.Same),
            .. Norm("embeddings/layer_norm", "embeddings.LayerNorm"),
            .. Dense("embedding_projection", "embeddings_project"),
            .. Dense(garden + "self_attention/query", ours + "attention.self.query"),
            .. Dense(garden + "self_attention/key", ours + "attention.self.key"),
            .. Dense(garden + "self_attention/value", ours + "attention.self.value"),
            .. Dense(garden + "self_attention/attention_output", ours + "attention.output.dense", TensorLayout.OutputLast),
            .. Norm(garden + "self_attention_layer_norm", ours + "attention.output.LayerNorm"),
            .. Dense(garden + "intermediate", ours + "intermediate.dense"),
            .. Dense(garden + "output", ours + "output.dense"),
            .. Norm(garden + "output_layer_norm", ours + "output.LayerNorm"),
            .. Dense("pooler_transform", "pooler.dense"),
            .. Dense("classifier", "!classifier"),
            .. Original("bert"),
            .. Original("electra"),
        ];
    }

    // The scope is part of the name: the same names below "generator" are those of another network.
    private static IEnumerable<(string TensorFlow, string HuggingFace, TensorLayout Layout)> Original(string scope)
    {
        const string ours = "encoder.layer.#.";
        var theirs = $"{scope}/encoder/layer_#/";
        return
        [
            ($"{scope}/embeddings/word_embeddings", "embeddings.word_embeddings.weight", TensorLayout.Same),
            ($"{scope}/embeddings/position_embeddings", "embeddings.position_embeddings.weight", TensorLayout.Same),
            ($"{scope}/embeddings/token_type_embeddings", "embeddings.token_type_embeddings.weight", TensorLayout.Same),
            .. Norm($"{scope}/embeddings/LayerNorm", "embeddings.LayerNorm"),
            .. Dense($"{scope}/embeddings_project", "embeddings_project"),
            .. Dense(theirs + "attention/self/query", ours + "attention.self.query"),
            .. Dense(theirs + "attention/self/key", ours + "attention.self.key"),
            .. Dense(theirs + "attention/self/value", ours + "attention.self.value"),
            .. Dense(theirs + "attention/output/dense", ours + "attention.output.dense"),
            .. Norm(theirs + "attention/output/LayerNorm", ours + "attention.output.LayerNorm"),
            .. Dense(theirs + "intermediate/dense", ours + "intermediate.dense"),
            .. Dense(theirs + "output/dense", ours + "output.dense"),
            .. Norm(theirs + "output/LayerNorm", ours + "output.LayerNorm"),
            .. Dense($"{scope}/pooler/dense", "pooler.dense"),
        ];
    }

    private static (string TensorFlow, string HuggingFace, TensorLayout Layout)[] Dense(
        string theirs, string ours, TensorLayout kernel = TensorLayout.InputFirst) =>
        [($"{theirs}/kernel", $"{ours}.weight", kernel), ($"{theirs}/bias", $"{ours}.bias", TensorLayout.Vector)];

    private static (string TensorFlow, string HuggingFace, TensorLayout Layout)[] Norm(string theirs, string ours) =>
        [($"{theirs}/gamma", $"{ours}.weight", TensorLayout.Same), ($"{theirs}/beta", $"{ours}.bias", TensorLayout.Same)];

    private static string? LayerOf(string segment) =>
        segment.StartsWith(Layer, StringComparison.Ordinal)
            && int.TryParse(segment.AsSpan(Layer.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number.ToString(CultureInfo.InvariantCulture) == segment[Layer.Length..]
            ? segment[Layer.Length..]
            : null;

    private static int DepthOf(string scope) => scope.Length == 0 ? 0 : scope.Count(c => c == '/') + 1;
}
