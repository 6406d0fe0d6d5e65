using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// A checkpoint of TensorFlow: what a TF1 Saver, a TF2 <c>tf.train.Checkpoint</c> or a SavedModel wrote as <c>PREFIX.index</c> and
/// <c>PREFIX.data-*</c> (tensorflow/core/util/tensor_bundle). The data files are mapped into memory; the checksum of a tensor is verified when it is
/// first read.
/// </summary>
/// <remarks>
/// The tensors have the keys of the index as their names. A TF1 key is the name of the variable; that of an object-based checkpoint is a path through Python
/// objects (<c>variables/7/.ATTRIBUTES/VARIABLE_VALUE</c>), so look there for the variable's name in <see cref="FullNames"/>.
/// </remarks>
public sealed class TensorBundle : Checkpoint
{
    private readonly FrozenDictionary<string, StoredTensor> stored;
    private readonly FrozenDictionary<string, StringTensor> strings;
    private readonly IReadOnlyCollection<MappedFile> files;

    private TensorBundle(string path, TensorBundleReader reader)
        : base(path, [.. reader.Tensors.Select(tensor => tensor.Info)], FrozenDictionary<string, string>.Empty)
    {
        stored = reader.Tensors.ToFrozenDictionary(tensor => tensor.Info.Name, tensor => tensor.Stored, StringComparer.Ordinal);
        strings = reader.Strings.ToFrozenDictionary(tensor => tensor.Info.Name, StringComparer.Ordinal);
        files = reader.Files;
        Strings = [.. reader.Strings.Select(tensor => tensor.Info)];
        Others = reader.Others.ToFrozenDictionary(StringComparer.Ordinal);
        var graph = strings.GetValueOrDefault(ObjectGraph.Key) is { Count: 1 } single ? single : null;
        HasObjectGraph = graph is not null || Tensors.Any(tensor => tensor.Name.EndsWith(ObjectGraph.VariableSuffix, StringComparison.Ordinal));
        FullNames = graph is not null ? ObjectGraph.ReadNames(graph.ReadSingle(), IsKey) ?? throw graph.Damaged("it is no object graph")
            : HasObjectGraph && BundlePath.GraphBeside(path) is { } savedModel && SavedModel.Read(savedModel).Objects is { } objects ? objects.Names(IsKey)
            : Tensors.ToFrozenDictionary(tensor => tensor.Name, tensor => ImmutableArray.Create(tensor.Name), StringComparer.Ordinal);

        bool IsKey(string key) => stored.ContainsKey(key) || strings.ContainsKey(key);
    }

    /// <summary>
    /// By the name that a variable had in the program (<c>transformer/layer_0/output/kernel</c>), the keys under which it is stored: usually one; several where
    /// several variables had the same name. Without an object graph (TF1) the keys are those names, each standing for itself.
    /// </summary>
    public IReadOnlyDictionary<string, ImmutableArray<string>> FullNames { get; }

    /// <summary>Whether the checkpoint is object-based (TF2, SavedModel): whether its keys differ from the variables' names.</summary>
    public bool HasObjectGraph { get; }

    /// <summary>The tensors of strings, which are not among <see cref="Checkpoint.Tensors"/>.</summary>
    public IReadOnlyList<StringTensorInfo> Strings { get; }

    /// <summary>By key, TensorFlow's name of the type of what is in the checkpoint but cannot be read, such as <c>variant</c>.</summary>
    public IReadOnlyDictionary<string, string> Others { get; }

    /// <summary>Reads a tensor of strings, in row-major order. What the bytes mean, text or not, is up to who wrote them.</summary>
    /// <exception cref="CheckpointException">There is no such tensor, or it is damaged.</exception>
    public byte[][] ReadStrings(string name) => strings.TryGetValue(name, out var tensor)
        ? tensor.Read()
        : throw new CheckpointException($"{Path} holds no strings under {CheckpointException.Quote(name)}");

    /// <summary>Reads all data and compares it with its checksums, which otherwise happens tensor by tensor at the first use.</summary>
    /// <exception cref="CheckpointException">A tensor is damaged; the message names it and its file.</exception>
    public void Verify()
    {
        foreach (var piece in stored.Values.SelectMany(tensor => tensor.Pieces))
        {
            piece.Verify();
        }

        foreach (var tensor in strings.Values)
        {
            tensor.Read();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var file in files)
        {
            file.Dispose();
        }
    }

    /// <summary>Opens a bundle by the path of its index.</summary>
    internal static TensorBundle OpenIndex(string path)
    {
        var reader = new TensorBundleReader(path);
        try
        {
            reader.Read();
            return new TensorBundle(path, reader);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private protected override ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most) => stored[tensor.Name].Slice(offset, most);
}
