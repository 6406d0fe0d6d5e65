using Beret.Data.Files;

namespace Beret.Data;

/// <summary>
/// Texts without labels, to pre-train on: a file with a text on each line, JSON lines with a key <c>text</c>, or a folder or archive (.tar.gz, .tgz, .tar, .zip) of text
/// files, each of them one text. They are read anew whenever they are asked for, one after the other and always in the same order.
/// </summary>
/// <remarks>
/// Of a folder or archive with <c>train</c> and <c>test</c>, as the IMDB reviews, only what lies in the folders below <c>train</c> is read, <c>unsup</c> included: test texts
/// are never trained on.
/// </remarks>
public abstract class TextSource
{
    private protected TextSource(string origin) => Origin = origin;

    /// <summary>The path that was opened.</summary>
    public string Origin { get; }

    /// <summary>The texts, without those that are empty or white space.</summary>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataException">Something cannot be read, is too large or is no text; the message says where.</exception>
    public abstract IEnumerable<string> Read(CancellationToken cancellationToken = default);

    /// <summary>The texts of labelled examples, without the labels; the two of a pair are texts of their own.</summary>
    public static TextSource Of(LabelledTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return new Unlabelled(texts);
    }

    /// <summary>Opens a file, a folder or an archive. An archive is told by its content, JSON lines by the name (.jsonl or .ndjson).</summary>
    /// <param name="path">The path.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    /// <exception cref="DataException">There is no such file or folder, or it cannot be read.</exception>
    public static TextSource Open(string path, DataOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        options ??= DataOptions.Default;
        if (FileContainer.TryOpen(path, options) is { } container)
        {
            return new TextFileSource(container, options);
        }

        return path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase)
            ? new JsonLineSource(path, options)
            : new LineSource(path, options);
    }

    private sealed class Unlabelled(LabelledTexts texts) : TextSource(texts.Origin)
    {
        public override IEnumerable<string> Read(CancellationToken cancellationToken = default) =>
            texts.Examples.Select(example => example.Texts).SelectMany(both => (string?[])[both.Text, both.Pair]).OfType<string>().Where(text => !string.IsNullOrWhiteSpace(text));
    }
}
