using System.Runtime.ExceptionServices;
using Beret.Data;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The token ids of many texts, one run of integers: tokenized once, read every epoch.</summary>
internal sealed class TokenStore : ITokenizedTexts
{
    private const int TextsPerTask = 256;

    private readonly int[] ids;
    private readonly int[] starts;
    private readonly int[] firsts;

    private TokenStore(int[] ids, int[] starts, int[] firsts, int[] labels, long cut, int longest)
    {
        this.ids = ids;
        this.starts = starts;
        this.firsts = firsts;
        Labels = labels;
        Cut = cut;
        Longest = longest;
    }

    public int Count => starts.Length - 1;

    /// <summary>Each text's label.</summary>
    public int[] Labels { get; }

    /// <summary>Tokens of all texts together.</summary>
    public long Tokens => ids.Length;

    /// <summary>How many texts lost tokens to the length limit.</summary>
    public long Cut { get; }

    /// <summary>Tokens of the longest.</summary>
    public int Longest { get; }

    /// <summary>Tokens of one text.</summary>
    public int LengthOf(int text) => starts[text + 1] - starts[text];

    /// <summary>Tokenizes on some threads; the result does not depend on their number.</summary>
    /// <exception cref="TokenizerException">A pair cannot be cut to the length that is allowed.</exception>
    public static TokenStore Build(Tokenizer tokenizer, IReadOnlyList<Example> examples, EncodeOptions options, int threads, CancellationToken cancellation)
    {
        var parts = Encode(tokenizer, examples, options, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = threads });
        var ids = new int[parts.Sum(part => part.Ids.Count)];
        var starts = new int[examples.Count + 1];
        var firsts = new int[examples.Count];
        var (text, place, longest) = (0, 0, 0);
        foreach (var part in parts)
        {
            part.Ids.CopyTo(ids, place);
            foreach (var (length, first) in part.Texts)
            {
                firsts[text] = first;
                place += length;
                starts[++text] = place;
                longest = Math.Max(longest, length);
            }
        }

        return new TokenStore(ids, starts, firsts, [.. examples.Select(example => example.Label)], parts.Sum(part => (long)part.Cut), longest);
    }

    public void AddTo(PackedBatch batch, int text) => batch.Add(ids.AsSpan(starts[text]..starts[text + 1]), firsts[text]);

    /// <summary>Fills a batch with texts, and a list with their labels.</summary>
    public void Fill(PackedBatch batch, ReadOnlySpan<int> texts, Span<int> labels)
    {
        batch.Clear();
        for (var i = 0; i < texts.Length; i++)
        {
            AddTo(batch, texts[i]);
            labels[i] = Labels[texts[i]];
        }
    }

    private static Part[] Encode(Tokenizer tokenizer, IReadOnlyList<Example> examples, EncodeOptions options, ParallelOptions parallel)
    {
        var parts = new Part[(examples.Count + TextsPerTask - 1) / TextsPerTask];
        try
        {
            Parallel.For(
                0, parts.Length, parallel,
                () => new TokenBuffer(),
                (task, _, buffer) =>
                {
                    parts[task] = Encode(tokenizer, examples, task * TextsPerTask, Math.Min(TextsPerTask, examples.Count - task * TextsPerTask), options, buffer);
                    return buffer;
                },
                _ => { });
            return parts;
        }
        catch (AggregateException errors) when (errors.InnerExceptions.FirstOrDefault(error => error is BeretException) is { } error)
        {
            // What a user can cause is not to look like a defect.
            ExceptionDispatchInfo.Throw(error);
            throw;
        }
    }

    private static Part Encode(Tokenizer tokenizer, IReadOnlyList<Example> examples, int start, int count, EncodeOptions options, TokenBuffer buffer)
    {
        var part = new Part();
        for (var i = start; i < start + count; i++)
        {
            var example = examples[i];
            if (example.Pair is null)
            {
                tokenizer.Encode(example.Text, options, buffer);
            }
            else
            {
                tokenizer.Encode(example.Text, example.Pair, options, buffer);
            }

            part.Ids.AddRange(buffer.Ids);
            part.Texts.Add((buffer.Count, buffer.FirstCount));
            part.Cut += buffer.Cut > 0 ? 1 : 0;
        }

        return part;
    }

    private sealed class Part
    {
        public List<int> Ids { get; } = [];

        public List<(int Length, int First)> Texts { get; } = [];

        public int Cut { get; set; }
    }
}
