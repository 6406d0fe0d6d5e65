using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Text;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>How far the tokenizing of a corpus is.</summary>
/// <param name="Texts">Texts read so far.</param>
/// <param name="Tokens">Their tokens.</param>
public readonly record struct CorpusProgress(long Texts, long Tokens);

/// <summary>
/// The tokens of all texts, tokenized once, as a file beside the output that goes with this object: texts of any length need no memory but eight bytes for each
/// sequence. Each text is cut into sequences of the room there is beside [CLS] and [SEP], the last one shorter; no token is lost. Some texts are held out, in memory.
/// </summary>
internal sealed class TokenCorpus : IDisposable
{
    /// <summary>The bit of a token that begins a word.</summary>
    public const int WordStart = unchecked((int)0x80000000);

    private const int HeldOutTokens = 100_000;
    private const int TextsAtATime = 1024;
    private const int CharactersAtATime = 8 << 20;
    private const uint HeldOutDomain = 0x68656C64; // "held"

    private readonly FileStream file;
    private readonly List<long> starts = [0];
    private readonly List<int[]> heldOut = [];
    private readonly int room;

    private TokenCorpus(FileStream file, int room)
    {
        this.file = file;
        this.room = room;
    }

    /// <summary>The number of sequences to train on.</summary>
    public int Count => starts.Count - 1;

    /// <summary>The tokens of all of them.</summary>
    public long Tokens => starts[^1];

    /// <summary>The number of texts, those held out included.</summary>
    public long Texts { get; private set; }

    /// <summary>The sequences that are held out.</summary>
    public IReadOnlyList<int[]> HeldOut => heldOut;

    /// <summary>SHA-256 over all tokens, in order.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>The tokens of all sequences before this one.</summary>
    public long StartOf(int sequence) => starts[sequence];

    /// <summary>The tokens of a sequence, [CLS] and [SEP] not counted.</summary>
    public int LengthOf(int sequence) => (int)(starts[sequence + 1] - starts[sequence]);

    /// <summary>Reads and tokenizes all texts; the result does not depend on the number of threads.</summary>
    /// <param name="path">The file to make; it is gone when this object is disposed.</param>
    /// <param name="sources">The texts.</param>
    /// <param name="tokenizer">Whose ids.</param>
    /// <param name="recipe">Length, share held out, seed, threads.</param>
    /// <param name="teacher">Is given what a teacher reads in the place of each sequence to train on; may be null.</param>
    /// <param name="report">Told now and then how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">A text cannot be read, there is none, or the file cannot be written.</exception>
    public static TokenCorpus Build(
        string path, IReadOnlyList<TextSource> sources, Tokenizer tokenizer, PretrainingRecipe recipe, TeacherTokens? teacher, Action<CorpusProgress>? report,
        CancellationToken cancellation)
    {
        TokenCorpus? corpus = null;
        try
        {
            corpus = new TokenCorpus(WorkFile.Create(path), recipe.MaxLength - 2);
            corpus.Fill(sources.SelectMany(source => source.Read(cancellation)), tokenizer, recipe, teacher, report, cancellation);
        }
        catch (Exception error)
        {
            corpus?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new TrainingException($"the tokens cannot be kept in {path}: {error.Message}", error);
            }

            throw;
        }

        return corpus.Count > 0 ? corpus : throw Empty(corpus, sources);
    }

    /// <summary>Reads a sequence, each token with its <see cref="WordStart"/>.</summary>
    public ReadOnlySpan<int> Read(int sequence, Span<int> buffer)
    {
        var tokens = buffer[..LengthOf(sequence)];
        WorkFile.Read(file, MemoryMarshal.AsBytes(tokens), starts[sequence] * sizeof(int));
        return tokens;
    }

    public void Dispose() => file.Dispose();

    private static TrainingException Empty(TokenCorpus corpus, IReadOnlyList<TextSource> sources)
    {
        corpus.Dispose();
        return new TrainingException($"there is no text to train on in {string.Join(", ", sources.Select(source => source.Origin))}");
    }

    private void Fill(
        IEnumerable<string> texts, Tokenizer tokenizer, PretrainingRecipe recipe, TeacherTokens? teacher, Action<CorpusProgress>? report, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var batch = new List<string>();
        var characters = 0;
        var threshold = (ulong)(recipe.HeldOut * (1UL << 32));
        var left = HeldOutTokens;
        foreach (var text in texts)
        {
            batch.Add(text);
            characters += text.Length;
            if (batch.Count == TextsAtATime || characters >= CharactersAtATime)
            {
                Flush();
            }
        }

        Flush();
        file.Flush();
        teacher?.Complete();
        Fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());

        void Flush()
        {
            var tokens = new int[batch.Count][];
            var seen = new int[batch.Count][][];
            TextLoop.Run(
                batch.Count, recipe.ThreadCount, () => (Buffer: new TokenBuffer(), Teacher: new TeacherTokens.Scratch()),
                (number, scratch) =>
                {
                    tokens[number] = Encode(tokenizer, batch[number], scratch.Buffer);
                    seen[number] = teacher?.Encode(batch[number], scratch.Buffer, room, scratch.Teacher) ?? [];
                },
                cancellation);
            foreach (var (number, text) in tokens.Index())
            {
                hash.AppendData(MemoryMarshal.AsBytes<int>(text));
                var (draw, _, _, _) = Philox.Next((uint)Texts, (uint)(Texts >> 32), HeldOutDomain, 0, (ulong)recipe.Seed);
                Texts++;
                if (draw < threshold && text.Length > 0 && text.Length <= left)
                {
                    left -= text.Length;
                    heldOut.AddRange(text.Chunk(room));
                }
                else
                {
                    Append(text);
                    foreach (var sequence in seen[number])
                    {
                        teacher!.Append(sequence);
                    }
                }
            }

            batch.Clear();
            characters = 0;
            report?.Invoke(new CorpusProgress(Texts, Tokens));
        }
    }

    private void Append(int[] text)
    {
        file.Write(MemoryMarshal.AsBytes<int>(text));
        for (var start = 0; start < text.Length; start += room)
        {
            starts.Add(starts[^1] + Math.Min(room, text.Length - start));
        }
    }

    private static int[] Encode(Tokenizer tokenizer, string text, TokenBuffer buffer)
    {
        tokenizer.Encode(text, new EncodeOptions { AddSpecialTokens = false }, buffer);
        var tokens = buffer.Ids.ToArray();
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] |= i == 0 || buffer.Words[i] != buffer.Words[i - 1] ? WordStart : 0;
        }

        return tokens;
    }
}
