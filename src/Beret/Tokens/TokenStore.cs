using Beret.Data;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Tokens;

/// <summary>
/// The token ids of many texts: tokenized once, read every epoch. Those of texts that are held in memory are held there too; those of stored texts lie in a file, of which
/// the system keeps in memory what there is room for.
/// </summary>
internal sealed class TokenStore : ITokenizedTexts, IDisposable
{
    private readonly int[][] blocks;
    private readonly TokenFile? file;
    private readonly StoredExamples? order;
    private readonly int[] lengths;
    private readonly int[]? windows;

    private TokenStore(int[][] blocks, TokenFile? file, StoredExamples? order, int count)
    {
        (this.blocks, this.file, this.order, Count) = (blocks, file, order, count);
        lengths = new int[count];
        var several = new int[count];
        if (file is null)
        {
            for (var text = 0; text < count; text++)
            {
                var block = BlockOf(text, out var place);
                Note(text, block.LengthOf(place), block.WindowsOf(place), block.CutOf(place));
            }
        }
        else
        {
            for (var text = 0; text < count; text++)
            {
                var row = order!.RowOf(text);
                Note(text, file.Lengths[row], file.Windows[row], file.IsCut[row] ? 1 : 0);
            }
        }

        windows = Windows == count ? null : several;

        void Note(int text, int length, int number, int cut)
        {
            (lengths[text], several[text]) = (length, number);
            Tokens += (long)length * number;
            Windows += number;
            Cut += cut > 0 ? 1 : 0;
            Longest = Math.Max(Longest, length);
        }
    }

    public int Count { get; }

    /// <summary>Tokens of all texts together, those of all their windows.</summary>
    public long Tokens { get; private set; }

    /// <summary>How many texts lost tokens to the length limit.</summary>
    public long Cut { get; private set; }

    /// <summary>Tokens of the longest text or window.</summary>
    public int Longest { get; private set; }

    /// <summary>Windows of all texts together.</summary>
    public long Windows { get; private set; }

    public int WindowsOf(int text) => windows is null ? 1 : windows[text];

    /// <summary>Tokens of one text, those of all its windows.</summary>
    public int TokensOf(int text) => lengths[text] * WindowsOf(text);

    /// <summary>How many tokens one text lost to the length limit.</summary>
    public int CutOf(int text) => BlockOf(text, out var place).CutOf(place);

    public int LengthOf(int text) => lengths[text];

    /// <summary>Tokenizes on some threads; the result does not depend on their number. What is tokenized for a file is there for the next time.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="examples">The texts.</param>
    /// <param name="options">How they are cut.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="progress">Told now and then, by this thread, what is done.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">A pair cannot be cut to the length that is allowed, or a file cannot be written.</exception>
    public static TokenStore Build(
        Tokenizer tokenizer, IReadOnlyList<Example> examples, EncodeOptions options, int threads, Action<TextProgress>? progress, CancellationToken cancellation)
    {
        if (examples is StoredExamples stored)
        {
            return new TokenStore([], TokenCache.Get(tokenizer, stored.Store, options, threads, progress, cancellation), stored, stored.Count);
        }

        var blocks = new int[(examples.Count + TokenBlock.Texts - 1) / TokenBlock.Texts][];
        TextLoop.Run(
            blocks.Length, threads, () => new TokenBlock.Scratch(), (number, scratch) => blocks[number] = TokenBlock.Encode(tokenizer, examples, number, options, scratch), cancellation);
        return new TokenStore(blocks, null, null, examples.Count);
    }

    public void AddTo(PackedBatch batch, int text, int window)
    {
        var block = BlockOf(text, out var place);
        batch.Add(block.WindowOf(place, window), block.FirstOf(place));
    }

    /// <summary>Fills a batch with texts: each is a document of all its windows.</summary>
    public void Fill(PackedBatch batch, ReadOnlySpan<int> texts)
    {
        batch.Clear();
        foreach (var text in texts)
        {
            var block = BlockOf(text, out var place);
            batch.Add(block.WindowOf(place, 0), block.FirstOf(place));
            for (var window = 1; window < block.WindowsOf(place); window++)
            {
                batch.AddWindow(block.WindowOf(place, window), block.FirstOf(place));
            }
        }
    }

    public void Dispose() => file?.Dispose();

    private TokenBlock BlockOf(int text, out int place)
    {
        var row = order?.RowOf(text) ?? text;
        place = row % TokenBlock.Texts;
        return file is null ? new TokenBlock(blocks[row / TokenBlock.Texts]) : file[row / TokenBlock.Texts];
    }
}
