using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Text;

namespace Beret.Tokens;

/// <summary>
/// Files with the tokens of stored texts, for this run and the next. A file is called by what its tokens follow from: the texts, the tokenizer, how texts are cut, and the
/// program. It is there as a whole or not at all, and made by one process where several want it.
/// </summary>
internal static class TokenCache
{
    private const string Prefix = "tokens-";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    // So many blocks of each thread are made before they are written.
    private const int BlocksAtOnce = 16;

    /// <summary>The tokens of texts: those that were kept, or new ones.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How they are cut.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="progress">Told, by this thread, what is done.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">A pair cannot be cut to the length that is allowed, or the file cannot be written.</exception>
    public static TokenFile Get(Tokenizer tokenizer, StoredTexts texts, EncodeOptions options, int threads, Action<TextProgress>? progress, CancellationToken cancellation)
    {
        var path = Path.Combine(texts.Folder, $"{Prefix}{KeyOf(tokenizer, texts, options)}.bin");
        try
        {
            Directory.CreateDirectory(texts.Folder);
            using var claim = Wait(Path.ChangeExtension(path, ".lock"), () => progress?.Invoke(new TextProgress(0, texts.Count, IsWaiting: true)), cancellation);
            if (TryOpen() is { } kept)
            {
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
                return kept;
            }

            Prune(texts.Folder);
            AtomicFile.Write(path, stream => TokenFile.Write(stream, Blocks(tokenizer, new StoredExamples(texts), options, threads, progress, cancellation), texts.Count));
            return TryOpen() ?? throw new DataException($"{path} was written and cannot be read: is the disk sound?");
        }
        catch (Exception error) when (error is CheckpointException or IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The tokens of {texts.Count:n0} texts cannot be put into {texts.Folder}: {error.Message.TrimEnd('.')}. BERET_CACHE names another folder.", error);
        }

        TokenFile? TryOpen() => File.Exists(path) ? TokenFile.TryOpen(path, texts.Count, tokenizer.VocabularySize, threads, cancellation) : null;
    }

    private static IEnumerable<int[]> Blocks(
        Tokenizer tokenizer, StoredExamples examples, EncodeOptions options, int threads, Action<TextProgress>? progress, CancellationToken cancellation)
    {
        var count = (examples.Count + TokenBlock.Texts - 1) / TokenBlock.Texts;
        var made = new int[Math.Min(count, BlocksAtOnce * threads)][];
        for (var start = 0; start < count; start += made.Length)
        {
            progress?.Invoke(new TextProgress(start * TokenBlock.Texts, examples.Count));
            var (first, some) = (start, Math.Min(made.Length, count - start));
            TextLoop.Run(
                some, threads, () => new TokenBlock.Scratch(), (number, scratch) => made[number] = TokenBlock.Encode(tokenizer, examples, first + number, options, scratch), cancellation);
            for (var i = 0; i < some; i++)
            {
                yield return made[i];
            }
        }
    }

    /// <summary>What the tokens follow from, in 32 hexadecimal digits.</summary>
    private static string KeyOf(Tokenizer tokenizer, StoredTexts texts, EncodeOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        // What another build of the program makes of the same texts is not asked.
        // What is said of windows says nothing of texts that have none: training and validation differ in it.
        var cut = options.Truncation == Truncation.Windows ? options : options with { WindowOverlap = null, MostWindows = null };
        hash.AppendData(Encoding.UTF8.GetBytes($"{typeof(Tokenizer).Module.ModuleVersionId} {texts.Content} {tokenizer.Flavour.Format()} {cut}\n"));
        var folder = Directory.CreateTempSubdirectory("beret-").FullName;
        try
        {
            tokenizer.Save(folder);
            foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                var bytes = File.ReadAllBytes(file);
                hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(file)} {bytes.Length}\n"));
                hash.AppendData(bytes);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static FileStream Wait(string path, Action waiting, CancellationToken cancellation)
    {
        while (true)
        {
            if (FileLock.TryAcquire(path, deleteAfter: false) is { } held)
            {
                return held;
            }

            waiting();
            cancellation.WaitHandle.WaitOne(BetweenLooks);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Deletes what nobody has asked for in a month.</summary>
    private static void Prune(string folder)
    {
        // Those too that a killed process did not finish. A lock stays: another may wait for it.
        foreach (var path in Directory.EnumerateFiles(folder, $"*{Prefix}*"))
        {
            try
            {
                if (Path.GetExtension(path) is ".bin" or ".new" && DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > Kept)
                {
                    File.Delete(path);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another process has it, or it is another user's: it stays.
            }
        }
    }
}
