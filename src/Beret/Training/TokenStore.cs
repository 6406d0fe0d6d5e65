using Beret.Data;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Training;

/// <summary>The token ids of many texts, one run of integers: tokenized once, read every epoch.</summary>
internal sealed class TokenStore
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

    /// <summary>Tokenizes on all processors; the result does not depend on how many there are.</summary>
    public static TokenStore Build(Tokenizer tokenizer, IReadOnlyList<Example> examples, EncodeOptions options, CancellationToken cancellation)
    {
        var tasks = (examples.Count + TextsPerTask - 1) / TextsPerTask;
        var parts = new Part[tasks];
        Parallel.For(
            0, tasks, new ParallelOptions { CancellationToken = cancellation },
            () => new TokenBuffer(),
            (task, _, buffer) =>
            {
                parts[task] = Encode(tokenizer, examples, task * TextsPerTask, Math.Min(TextsPerTask, examples.Count - task * TextsPerTask), options, buffer);
                return buffer;
            },
            _ => { });

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

    /// <summary>Puts texts into a batch, and their labels into a list.</summary>
    public void Fill(PackedBatch batch, ReadOnlySpan<int> texts, Span<int> labels)
    {
        Span<int> types = stackalloc int[512];
        batch.Clear();
        for (var i = 0; i < texts.Length; i++)
        {
            var text = texts[i];
            var sequence = ids.AsSpan(starts[text]..starts[text + 1]);
            labels[i] = Labels[text];
            if (firsts[text] == sequence.Length)
            {
                batch.Add(sequence);
                continue;
            }

            if (types.Length < sequence.Length)
            {
                types = new int[sequence.Length];
            }

            types[..firsts[text]].Clear();
            types[firsts[text]..sequence.Length].Fill(1);
            batch.Add(sequence, types[..sequence.Length]);
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
