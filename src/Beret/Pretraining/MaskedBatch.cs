using Beret.Numerics;

namespace Beret.Pretraining;

/// <summary>
/// Sequences with hidden tokens, and which (Devlin et al., BERT, 2019, §3.1): of the tokens drawn, 80% become [MASK], 10% any token, 10% stay. What is drawn follows from
/// (seed, step, place in the batch) alone. Made to be filled again and again.
/// </summary>
internal sealed class MaskedBatch
{
    private const uint Domain = 0x6D61736B; // "mask"
    private const uint EightTenths = (uint)(0.8 * (1UL << 32));
    private const uint NineTenths = (uint)(0.9 * (1UL << 32));

    private readonly MaskingRules rules;
    private int[] sequence = [];
    private int[] rows = [];
    private int[] targets = [];
    private float[] draws = [];
    private uint step;
    private uint stream;
    private uint nearestDraw;

    public MaskedBatch(MaskingRules rules) => this.rules = rules;

    public PackedBatch Packed { get; } = new();

    /// <summary>The number of tokens to guess.</summary>
    public int Count { get; private set; }

    /// <summary>Their rows in the packed batch, ascending.</summary>
    public ReadOnlySpan<int> Rows => rows.AsSpan(0, Count);

    /// <summary>The tokens that were there.</summary>
    public ReadOnlySpan<int> Targets => targets.AsSpan(0, Count);

    /// <summary>For each of them a number in (0, 1) to draw another token by.</summary>
    public ReadOnlySpan<float> Draws => draws.AsSpan(0, Count);

    /// <summary>Empties the batch.</summary>
    /// <param name="step">The number of the step.</param>
    /// <param name="isHeldOut">Whether it is one of held-out texts, whose masks are others, and every time the same.</param>
    public void Begin(int step, bool isHeldOut = false)
    {
        this.step = (uint)step;
        stream = isHeldOut ? 1u : 0u;
        Packed.Clear();
        Count = 0;
        nearestDraw = uint.MaxValue;
    }

    /// <summary>Adds a sequence.</summary>
    /// <param name="tokens">Each with its <see cref="TokenCorpus.WordStart"/>; [CLS] and [SEP] are put around them.</param>
    public void Add(ReadOnlySpan<int> tokens)
    {
        Grow(tokens.Length + 2);
        var ids = sequence.AsSpan(0, tokens.Length + 2);
        ids[0] = rules.ClassificationId;
        ids[^1] = rules.SeparatorId;
        var isChosen = false;
        for (var i = 0; i < tokens.Length; i++)
        {
            var row = Packed.Tokens + 1 + i;
            var id = tokens[i] & ~TokenCorpus.WordStart;
            var (draw, way, other, sample) = Philox.Next((uint)row, step, Domain, stream, rules.Seed);
            var isStart = i == 0 || !rules.WholeWord || (tokens[i] & TokenCorpus.WordStart) != 0;
            isChosen = isStart ? draw < rules.Threshold : isChosen;
            ids[i + 1] = !isChosen || (way >= NineTenths && !rules.HidesAll) ? id : way < EightTenths || rules.HidesAll ? rules.MaskId : (int)(((ulong)other * (uint)rules.VocabularySize) >> 32);
            if (isChosen)
            {
                (rows[Count], targets[Count], draws[Count]) = (row, id, Uniform(sample));
                Count++;
            }
            else if (Count == 0 && draw <= nearestDraw)
            {
                // Kept in case nothing is drawn in the whole batch, which needs a token to guess.
                (rows[0], targets[0], draws[0], nearestDraw) = (row, id, Uniform(sample), draw);
            }
        }

        Packed.Add(ids);
    }

    /// <summary>Ends the filling: where nothing was drawn, the token that came nearest to it is to be guessed as it stands.</summary>
    public void Complete()
    {
        if (Count == 0 && Packed.Tokens > 0)
        {
            Count = 1;
        }
    }

    // In the middle of 2²⁴ parts, so that it is neither 0 nor 1.
    private static float Uniform(uint bits) => ((bits >> 8) + 0.5f) * (1f / (1 << 24));

    private void Grow(int tokens)
    {
        if (sequence.Length < tokens)
        {
            sequence = new int[tokens];
        }

        if (rows.Length < Count + tokens)
        {
            Array.Resize(ref rows, Math.Max(Count + tokens, 2 * rows.Length));
            Array.Resize(ref targets, rows.Length);
            Array.Resize(ref draws, rows.Length);
        }
    }
}
