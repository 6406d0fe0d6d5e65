using System.Buffers;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// DeBERTa, versions 2 and 3 (He, Liu, Gao and Chen, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", 2021; He, Gao and Chen, "DeBERTaV3", 2023): scores are
/// sums of content-to-content, content-to-position and position-to-content terms, where a position is an embedding of the distance between query and key. The large
/// models of version 2 add a convolution to the first block's output.
/// </summary>
internal sealed class DebertaV2 : EncoderModel
{
    private const string Prefix = "deberta.";

    private readonly DebertaV2Config config;
    private readonly EmbeddingTables tables;
    private readonly Dense? projection;
    private readonly LayerNorm? projectionNorm;
    private readonly EmbeddingTables? relative;
    private readonly RelativeDistances distances;
    private readonly Block[] blocks;
    private readonly Convolution? convolution;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public DebertaV2(ParameterSet set, DebertaV2Config config)
    {
        this.config = config;
        var (width, hidden, epsilon) = (config.EmbeddingSize, config.HiddenSize, config.LayerNormEpsilon);
        var word = set.Declare($"{Prefix}embeddings.word_embeddings.weight", [config.VocabularySize, width], decays: true, hasRowGradient: true);
        word.PaddingRow = config.PaddingId < config.VocabularySize ? config.PaddingId : -1;
        var position = config.HasPositionTable ? set.Declare($"{Prefix}embeddings.position_embeddings.weight", [config.MaxPositions, width], decays: true) : null;
        var type = config.TypeVocabularySize == 0
            ? null
            : set.Declare($"{Prefix}embeddings.token_type_embeddings.weight", [config.TypeVocabularySize, width], decays: true);
        projection = width == hidden ? null : set.DeclareDense($"{Prefix}embeddings", ["embed_proj"], width, hidden, bias: false);
        var norm = set.DeclareLayerNorm($"{Prefix}embeddings.LayerNorm", hidden, epsilon);
        tables = new EmbeddingTables(word, position, type, projection is null ? norm : null);
        projectionNorm = projection is null ? null : norm;

        if (config.HasRelativeAttention)
        {
            relative = new EmbeddingTables(
                set.Declare($"{Prefix}encoder.rel_embeddings.weight", [2 * config.Span, hidden], decays: true), null, null,
                config.NormalizesDistances ? set.DeclareLayerNorm($"{Prefix}encoder.LayerNorm", hidden, epsilon) : null);
        }

        distances = new RelativeDistances(config.MaxPositions, config.RowOf);
        blocks = new Block[config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.layer.{i}";
            blocks[i] = new Block(new DisentangledAttention(set, $"{prefix}.attention", config), new FeedForward(set, prefix, config));
        }

        convolution = config.ConvolutionKernel == 0 ? null : new Convolution(set, $"{Prefix}encoder.conv", config);
    }

    public override EncoderConfig Config => config;

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "deberta-v2",
        Architecture = "DebertaV2ForSequenceClassification",
        Prefix = Prefix,
        Read = fields => DebertaV2Config.Read(fields, Family!),
        Write = (json, config) => ((DebertaV2Config)config).Write(json),
        Create = (set, config) => new DebertaV2(set, (DebertaV2Config)config),
        Head = config => new HeadLayout("classifier") { Transform = "pooler.dense", Activation = ((DebertaV2Config)config).PoolerActivation, DropsInput = true },
    };

    public override bool PassesBlocks => false;

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var positions = Upload(ops, batch.LastPosition + 1);
        var mark = ops.Arena.Mark;
        var x = ops.Keep(mark, Embed(ops, batch));                                              // [T, H]
        x = ops.Thaw(0, x);
        observe?.Invoke(0, x);
        for (var i = 0; i < blocks.Length; i++)
        {
            var h = blocks[i].Attention.Forward(ops, x, batch, positions);                      // [T, H]
            var output = blocks[i].FeedForward.Forward(ops, h);                                 // [T, H]
            x = ops.Keep(mark, i == 0 && convolution is not null ? convolution.Forward(ops, x, output, batch) : output);
            x = ops.Thaw(i + 1, x);
            observe?.Invoke(i + 1, x);
        }

        return x;
    }

    private Value Embed(Ops ops, in BatchIndices batch)
    {
        var x = ops.Embed(tables, batch);                                                       // [T, E], normalised where E = H
        return ops.Dropout(projection is null ? x : ops.Norm(ops.Linear(x, projection), projectionNorm!), config.HiddenDropout);
    }

    /// <summary>The rows of the distances within a span, and the numbers of the embeddings that these rows are: those that no distance has are not computed.</summary>
    private RelativeEmbeddings Upload(Ops ops, int span)
    {
        var rows = distances.Within(span);
        var (first, count) = (rows[0], rows[^1] - rows[0] + 1);
        var numbers = ArrayPool<int>.Shared.Rent(Math.Max(rows.Length, count));
        for (var i = 0; i < rows.Length; i++)
        {
            numbers[i] = rows[i] - first;
        }

        var uploaded = ops.Upload(numbers.AsSpan(0, rows.Length));
        for (var i = 0; i < count; i++)
        {
            numbers[i] = first + i;
        }

        var embeddings = new RelativeEmbeddings(uploaded, relative, ops.Upload(numbers.AsSpan(0, count)));
        ArrayPool<int>.Shared.Return(numbers);
        return embeddings;
    }

    private readonly record struct Block(DisentangledAttention Attention, FeedForward FeedForward);
}

/// <summary>The embeddings of the distances that occur in a batch.</summary>
/// <param name="Rows">Which of them belongs to a distance, as <see cref="RelativeScores.Rows"/> has it.</param>
/// <param name="Tables">Null where scores do not depend on distances.</param>
/// <param name="Numbers">Their rows in the table.</param>
internal readonly record struct RelativeEmbeddings(Indices Rows, EmbeddingTables? Tables, Indices Numbers);

/// <summary>
/// Disentangled attention (equation 4): with rows r(δ) of the embedded distances P, score = (q·k + q·(P Wₖ)[r] + k·(P W_q)[r]) / √(D · terms). The projections are those of
/// the content where they are shared, otherwise the block's own.
/// </summary>
internal sealed class DisentangledAttention
{
    private readonly DebertaV2Config config;
    private readonly Dense queryKeyValue;
    private readonly Dense? positionKey;
    private readonly Dense? positionQuery;
    private readonly Dense output;
    private readonly LayerNorm norm;

    public DisentangledAttention(ParameterSet set, string prefix, DebertaV2Config config)
    {
        this.config = config;
        var hidden = config.HiddenSize;
        queryKeyValue = set.DeclareDense($"{prefix}.self", ["query_proj", "key_proj", "value_proj"], hidden, hidden);
        if (config.HasRelativeAttention)
        {
            Dense Own(string name) => set.DeclareDense($"{prefix}.self", [name], hidden, hidden);
            positionKey = !config.ContentToPosition ? null : config.SharesProjections ? set.PartOf(queryKeyValue, 1) : Own("pos_key_proj");
            positionQuery = !config.PositionToContent ? null : config.SharesProjections ? set.PartOf(queryKeyValue, 0) : Own("pos_query_proj");
        }

        output = set.DeclareDense($"{prefix}.output", ["dense"], hidden, hidden);
        norm = set.DeclareLayerNorm($"{prefix}.output.LayerNorm", hidden, config.LayerNormEpsilon);
    }

    public Value Forward(Ops ops, Value x, in BatchIndices batch, in RelativeEmbeddings positions)
    {
        var qkv = ops.Linear(x, queryKeyValue);                                                 // [T, 3H]
        Value? keys = null, queries = null;
        if (positions.Tables is { } tables && (positionKey ?? positionQuery) is not null)
        {
            var p = ops.Dropout(ops.Embed(tables, batch with { Ids = positions.Numbers }), config.HiddenDropout);       // [R, H]
            keys = positionKey is null ? null : ops.Linear(p, positionKey);                     // [R, H]
            queries = positionQuery is null ? null : ops.Linear(p, positionQuery);              // [R, H]
        }

        var terms = new RelativeTerms(positions.Rows, keys, queries, null, config.ScoreScale);
        var context = ops.RelativeAttention(qkv, terms, batch, config.Heads, config.AttentionDropout);                  // [T, H]
        return ops.ResidualNorm(x, ops.Linear(context, output), norm, config.HiddenDropout);    // [T, H]
    }
}

/// <summary>LayerNorm(y + act(Dropout(conv(x)))): the first block's output y and the neighbourhoods of its input x.</summary>
internal sealed class Convolution
{
    private readonly DebertaV2Config config;
    private readonly Dense dense;
    private readonly LayerNorm norm;

    public Convolution(ParameterSet set, string prefix, DebertaV2Config config)
    {
        this.config = config;
        dense = set.DeclareConvolution($"{prefix}.conv", config.HiddenSize, config.ConvolutionKernel);
        norm = set.DeclareLayerNorm($"{prefix}.LayerNorm", config.HiddenSize, config.LayerNormEpsilon);
    }

    public Value Forward(Ops ops, Value x, Value y, in BatchIndices batch)
    {
        var z = ops.Linear(ops.Unfold(x, batch, config.ConvolutionKernel), dense);              // [T, H]
        z = ops.Activate(ops.Dropout(z, config.HiddenDropout), config.ConvolutionActivation);
        return ops.ResidualNorm(y, z, norm, dropoutRate: 0);
    }
}
