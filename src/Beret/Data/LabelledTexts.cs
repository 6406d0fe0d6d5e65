using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Beret.Data;

/// <summary>Labelled texts in a fixed order. Where they are too many for the memory, the texts of a table lie on disk and are read when they are asked for. Immutable.</summary>
public sealed class LabelledTexts
{
    private const int TextsBetweenReports = 1 << 14;

    private string? fingerprint;

    /// <summary>Joins labels and examples.</summary>
    /// <param name="labels">The names of the classes; an example's label is an index into them.</param>
    /// <param name="examples">The examples, in order.</param>
    /// <param name="origin">Where they come from, as a person would say it: the path of an archive or a folder.</param>
    /// <param name="notes">What a person should know about how the data was read.</param>
    /// <param name="kind">What the examples are labelled with. Of numbers there is one label: what the number is called.</param>
    /// <exception cref="DataException">A label occurs twice, or an example's label is not the index of one, or a number is not finite.</exception>
    public LabelledTexts(
        IReadOnlyList<string> labels, IReadOnlyList<Example> examples, string origin, IReadOnlyList<string>? notes = null, LabelKind kind = LabelKind.Class)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(origin);
        if (labels.GroupBy(label => label, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new DataException($"{origin}: the label `{twice.Key}` is listed twice; each class needs a name of its own.");
        }

        var counts = new int[labels.Count];
        foreach (var example in examples)
        {
            switch (kind)
            {
                case LabelKind.Class:
                    Count(example, example.Label);
                    break;
                case LabelKind.Set:
                    foreach (var label in example.Labels)
                    {
                        Count(example, label);
                    }

                    break;
                default:
                    Count(example, 0);
                    if (!double.IsFinite(example.Value))
                    {
                        throw new DataException($"{origin}: {example.Source} has {example.Value.ToString(CultureInfo.InvariantCulture)} for a label, which is no finite number.");
                    }

                    break;
            }
        }

        Kind = kind;
        Labels = labels;
        Examples = examples;
        Origin = origin;
        Notes = notes ?? [];
        Counts = counts;

        void Count(Example example, int label)
        {
            if ((uint)label >= (uint)counts.Length)
            {
                throw new DataException($"{origin}: {example.Source} has label {label}, but there are only the classes 0 to {counts.Length - 1}.");
            }

            counts[label]++;
        }
    }

    /// <summary>What the examples are labelled with.</summary>
    public LabelKind Kind { get; }

    /// <summary>The names of the classes; of numbers the one name of what they are.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The examples, in order.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>Where the texts come from: the path of an archive or a folder.</summary>
    public string Origin { get; }

    /// <summary>What a person should know about how the data was read: folders left out, empty files. One sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The number of examples that have each label, in the order of <see cref="Labels"/>.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>
    /// SHA-256, in lower-case hexadecimal, over the labels and every example's source, label, text and pair, in order. It does not depend on where
    /// the data lies: a folder and an archive of that folder have the same one. Computed on first use.
    /// </summary>
    public string Fingerprint => ComputeFingerprint(null);

    /// <summary><see cref="Fingerprint"/>, with how many texts are read.</summary>
    internal string ComputeFingerprint(Action<int>? progress) => fingerprint ??= Hash(progress);

    /// <summary>The same texts with their labels as indices into another list of labels, such as that of a trained model.</summary>
    /// <param name="labels">The labels to use; may hold classes that do not occur here.</param>
    /// <exception cref="DataException">A class that has examples here is not among <paramref name="labels"/>.</exception>
    public LabelledTexts WithLabels(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (Kind == LabelKind.Number || labels.SequenceEqual(Labels, StringComparer.Ordinal))
        {
            // What a number is called makes no difference.
            return this;
        }

        var known = labels.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        var unknown = Labels.Where((label, index) => Counts[index] > 0 && !known.ContainsKey(label)).ToArray();
        if (unknown.Length > 0)
        {
            var first = Examples.First(example => (Kind == LabelKind.Set ? example.Labels : [example.Label]).Any(label => unknown.Contains(Labels[label])));
            throw new DataException(
                $"{Origin}: the {(unknown.Length == 1 ? "label" : "labels")} {Names(unknown)} {(unknown.Length == 1 ? "is" : "are")} not known; " +
                $"the known labels are {Names(labels)}. The first such example is {Shown.Path(first.Source)}. " +
                "Rename or leave out such examples, or train on data that has them.");
        }

        var examples = StoredExamples.Relabelled(Examples, example => Kind == LabelKind.Set
            ? example with { Labels = [.. example.Labels.Select(label => known[Labels[label]]).Order()] }
            : example with { Label = known[Labels[example.Label]] });
        return new LabelledTexts(labels, examples, Origin, Notes, Kind);

        static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{Shown.Path(name)}`"));
    }

    /// <summary>Some of the examples, in the given order, under the same labels.</summary>
    /// <param name="order">Indices into <see cref="Examples"/>.</param>
    public LabelledTexts Subset(ReadOnlySpan<int> order) => new(Labels, StoredExamples.Picked(Examples, order), Origin, Notes, Kind);

    /// <summary>The same texts with labels of another kind: a class is a set of one label, and, where the classes are called by numbers, a number.</summary>
    /// <exception cref="DataException">These labels are none of that kind.</exception>
    public LabelledTexts As(LabelKind kind)
    {
        if (kind == Kind)
        {
            return this;
        }

        if (Kind == LabelKind.Class && kind == LabelKind.Set)
        {
            return new LabelledTexts(Labels, StoredExamples.Relabelled(Examples, example => example with { Label = -1, Labels = [example.Label] }), Origin, Notes, kind);
        }

        if (Kind == LabelKind.Class && kind == LabelKind.Number)
        {
            var values = Labels.Select(label => Number(label)
                ?? throw new DataException($"{Origin}: the label `{Shown.Path(label)}` is no number, as a regression needs.")).ToArray();
            return new LabelledTexts([NumberName], StoredExamples.Relabelled(Examples, example => example with { Label = -1, Value = values[example.Label] }), Origin, Notes, kind);
        }

        throw new DataException($"{Origin}: its labels are {In(Kind)}, where {In(kind)} are needed.");

        static string In(LabelKind kind) => kind switch { LabelKind.Class => "classes", LabelKind.Set => "sets of labels", _ => "numbers" };
    }

    /// <summary>An example's label as a person would write it: a name, names with commas between them, or a number.</summary>
    public string LabelOf(Example example)
    {
        ArgumentNullException.ThrowIfNull(example);
        return Kind switch
        {
            LabelKind.Class => Labels[example.Label],
            LabelKind.Set => example.Labels.Count == 0 ? "none" : string.Join(", ", example.Labels.Select(label => Labels[label])),
            _ => example.Value.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>How the labels are distributed, in a line: how many examples have each; of numbers their range and mean.</summary>
    public string Distribution() => Kind == LabelKind.Number
        ? Examples.Count == 0 ? Labels[0]
            : string.Create(CultureInfo.InvariantCulture, $"{Labels[0]} from {Examples.Min(e => e.Value):0.####} to {Examples.Max(e => e.Value):0.####}, {Examples.Average(e => e.Value):0.####} on average")
        : string.Join(", ", Labels.Select((label, i) => string.Create(CultureInfo.InvariantCulture, $"{label} {Counts[i]:n0}")));

    /// <summary>What a number is called that has no name.</summary>
    internal const string NumberName = "value";

    /// <summary>A label as a finite number, or null.</summary>
    internal static double? Number(string label) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    private string Hash(Action<int>? progress)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Whole(Labels.Count);
        foreach (var label in Labels)
        {
            Text(label);
        }

        Whole(Examples.Count);
        foreach (var (number, (example, text, pair)) in StoredExamples.Read(Examples).Index())
        {
            if (number % TextsBetweenReports == 0)
            {
                progress?.Invoke(number);
            }

            Text(example.Source);
            Whole(example.Label);
            Text(text);
            Text(pair);
            if (Kind == LabelKind.Set)
            {
                Whole(example.Labels.Count);
                foreach (var label in example.Labels)
                {
                    Whole(label);
                }
            }
            else if (Kind == LabelKind.Number)
            {
                Text(example.Value.ToString("R", CultureInfo.InvariantCulture));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // Every string is preceded by its length, so that no two lists of strings give the same bytes. UTF-16 code units, little endian, are what is
        // hashed: they lie in memory already, and are the same on every platform .NET runs on.
        void Text(string? text)
        {
            Whole(text?.Length ?? -1);
            hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
        }

        void Whole(int value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
