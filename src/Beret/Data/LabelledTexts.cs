using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Beret.Data;

/// <summary>Labelled texts in a fixed order, held in memory. Immutable.</summary>
public sealed class LabelledTexts
{
    private readonly Lazy<string> fingerprint;

    /// <summary>Joins labels and examples.</summary>
    /// <param name="labels">The names of the classes; an example's label is an index into them.</param>
    /// <param name="examples">The examples, in order.</param>
    /// <param name="origin">Where they come from, as a person would say it: the path of an archive or a folder.</param>
    /// <param name="notes">What a person should know about how the data was read.</param>
    /// <exception cref="DataException">A label occurs twice, or an example's label is not the index of one.</exception>
    public LabelledTexts(IReadOnlyList<string> labels, IReadOnlyList<Example> examples, string origin, IReadOnlyList<string>? notes = null)
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
            if ((uint)example.Label >= (uint)counts.Length)
            {
                throw new DataException($"{origin}: {example.Source} has label {example.Label}, but there are only the classes 0 to " +
                    $"{counts.Length - 1}.");
            }

            counts[example.Label]++;
        }

        Labels = labels;
        Examples = examples;
        Origin = origin;
        Notes = notes ?? [];
        Counts = counts;
        fingerprint = new Lazy<string>(ComputeFingerprint);
    }

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The examples, in order.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>Where the texts come from: the path of an archive or a folder.</summary>
    public string Origin { get; }

    /// <summary>What a person should know about how the data was read: folders left out, empty files. One sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The number of examples of each class, in the order of <see cref="Labels"/>.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>
    /// SHA-256, in lower-case hexadecimal, over the labels and every example's source, label, text and pair, in order. It does not depend on where
    /// the data lies: a folder and an archive of that folder have the same one. Computed on first use.
    /// </summary>
    public string Fingerprint => fingerprint.Value;

    /// <summary>The same texts with their labels as indices into another list of labels, such as that of a trained model.</summary>
    /// <param name="labels">The labels to use; may hold classes that do not occur here.</param>
    /// <exception cref="DataException">A class that has examples here is not among <paramref name="labels"/>.</exception>
    public LabelledTexts WithLabels(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.SequenceEqual(Labels, StringComparer.Ordinal))
        {
            return this;
        }

        var known = labels.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        var unknown = Labels.Where((label, index) => Counts[index] > 0 && !known.ContainsKey(label)).ToArray();
        if (unknown.Length > 0)
        {
            throw new DataException(
                $"{Origin}: the {(unknown.Length == 1 ? "label" : "labels")} {Names(unknown)} {(unknown.Length == 1 ? "is" : "are")} not known; " +
                $"the known labels are {Names(labels)}. " +
                "Rename or leave out such examples, or train on data that has them.");
        }

        var examples = Examples.Select(example => example with { Label = known[Labels[example.Label]] }).ToArray();
        return new LabelledTexts(labels, examples, Origin, Notes);

        static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{Shown.Path(name)}`"));
    }

    /// <summary>Some of the examples, in the given order, under the same labels.</summary>
    /// <param name="order">Indices into <see cref="Examples"/>.</param>
    public LabelledTexts Subset(ReadOnlySpan<int> order)
    {
        var examples = new Example[order.Length];
        for (var i = 0; i < examples.Length; i++)
        {
            examples[i] = Examples[order[i]];
        }

        return new LabelledTexts(Labels, examples, Origin, Notes);
    }

    private string ComputeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Number(Labels.Count);
        foreach (var label in Labels)
        {
            Text(label);
        }

        Number(Examples.Count);
        foreach (var example in Examples)
        {
            Text(example.Source);
            Number(example.Label);
            Text(example.Text);
            Text(example.Pair);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // Every string is preceded by its length, so that no two lists of strings give the same bytes. UTF-16 code units, little endian, are what is
        // hashed: they lie in memory already, and are the same on every platform .NET runs on.
        void Text(string? text)
        {
            Number(text?.Length ?? -1);
            hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
        }

        void Number(int value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
