using System.Collections.Immutable;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The variables of one encoder and its classifier, as parameters of a Hugging Face checkpoint: which family it is follows from the names.
/// </summary>
internal sealed class TensorFlowNames
{
    // The first of those that know equally many names wins: ELECTRA without a projection is BERT, in the model garden.
    private static readonly NameTable[] Tables = [BertNames.Bert, BertNames.Electra, AlbertNames.Albert, TalkingHeadsNames.TalkingHeads];

    private readonly NameTable table;
    private readonly ImmutableArray<int> scaffolds;

    private TensorFlowNames(NameTable table, ImmutableArray<int> scaffolds)
    {
        this.table = table;
        this.scaffolds = scaffolds;
    }

    /// <summary>The family as <c>model_type</c> has it: bert, electra, albert or talking-heads.</summary>
    public string Family => table.Family;

    /// <summary>What the names of the encoder's parameters begin with, such as <c>bert.</c>.</summary>
    public string Root => table.Root;

    /// <summary>The family whose table knows the most of the names; null where none knows any.</summary>
    public static TensorFlowNames? Of(IEnumerable<string> fullNames)
    {
        var names = fullNames.ToArray();
        ImmutableArray<int> scaffolds = [.. names.Select(NameTable.ScaffoldOf).OfType<int>().Distinct().Order()];
        var best = Tables.Select(table => (Table: table, Known: names.Count(name => table.Find(name, scaffolds) is not null))).MaxBy(entry => entry.Known);
        return best.Known == 0 ? null : new TensorFlowNames(best.Table, scaffolds);
    }

    /// <summary>The parameter that a variable is, by its full name (with or without <c>:0</c>, within any scope); null for what is no part of the model.</summary>
    public HuggingFaceName? Find(string fullName) => table.Find(fullName, scaffolds);

    /// <summary>
    /// A bundle as a Hugging Face checkpoint: only what the family's table knows, under its names and in its layout. The view owns the bundle.
    /// </summary>
    /// <exception cref="CheckpointException">Two variables could be the same parameter, or one has an impossible shape.</exception>
    public Checkpoint AsHuggingFace(TensorBundle bundle) =>
        AsHuggingFace(bundle, bundle.FullNames.SelectMany(name => name.Value, (name, key) => KeyValuePair.Create(name.Key, key)));

    /// <summary>Tensors of any checkpoint, given by full name and name in it, as a Hugging Face checkpoint. The view owns the checkpoint.</summary>
    /// <exception cref="CheckpointException">Two variables could be the same parameter, or one has an impossible shape.</exception>
    public Checkpoint AsHuggingFace(Checkpoint checkpoint, IEnumerable<KeyValuePair<string, string>> variables)
    {
        var chosen = new Dictionary<string, (HuggingFaceName Target, string Variable, TensorInfo Source)>(StringComparer.Ordinal);
        foreach (var (fullName, key) in variables)
        {
            if (Find(fullName) is not { } target || checkpoint.Find(key) is not { } source)
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

    private static int DepthOf(string scope) => scope.Length == 0 ? 0 : scope.Count(c => c == '/') + 1;
}
