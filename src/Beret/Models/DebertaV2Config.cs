using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>The sizes of DeBERTa v2 and v3 and what the two differ in.</summary>
internal sealed record DebertaV2Config : EncoderConfig
{
    [SetsRequiredMembers]
    public DebertaV2Config(EncoderConfig sizes)
        : base(sizes)
    {
    }

    /// <summary>Whether scores depend on distances.</summary>
    public required bool HasRelativeAttention { get; init; }

    /// <summary>Whether a query's content meets positions (c2p).</summary>
    public required bool ContentToPosition { get; init; }

    /// <summary>Whether a key's content meets positions (p2c).</summary>
    public required bool PositionToContent { get; init; }

    /// <summary>Whether positions go through the projections of the content.</summary>
    public required bool SharesProjections { get; init; }

    /// <summary>Whether the embeddings of distances are normalised.</summary>
    public required bool NormalizesDistances { get; init; }

    /// <summary>Buckets of distances on each side, or 0: each distance is its own.</summary>
    public required int Buckets { get; init; }

    /// <summary>max_relative_positions: distances from here on are taken for this one; where there are buckets, the last begins here.</summary>
    public required int FarthestDistance { get; init; }

    /// <summary>Whether tokens have embeddings of their absolute positions.</summary>
    public required bool HasPositionTable { get; init; }

    /// <summary>The width of the convolution beside the first block, or 0.</summary>
    public required int ConvolutionKernel { get; init; }

    public required Activation ConvolutionActivation { get; init; }

    public required Activation PoolerActivation { get; init; }

    /// <summary>Half the number of embeddings of distances.</summary>
    public int Span => Buckets > 0 ? Buckets : FarthestDistance;

    /// <summary>What products are multiplied by in a score: one over the root of their number of terms.</summary>
    public double ScoreScale => 1 / Math.Sqrt((double)HiddenSize / Heads * (1 + (ContentToPosition ? 1 : 0) + (PositionToContent ? 1 : 0)));

    public override bool BringsPooler => false;

    public override double ParameterCount
    {
        get
        {
            double e = EmbeddingSize, h = HiddenSize;
            var tables = e * (HasPositionTable ? 0 : -(double)MaxPositions) + (EmbeddingSize == HiddenSize ? 0 : 2 * (h - e) - h);
            var distances = HasRelativeAttention ? 2.0 * Span * h + (NormalizesDistances ? 2 * h : 0) : 0;
            var projections = HasRelativeAttention && !SharesProjections ? ((ContentToPosition ? 1 : 0) + (PositionToContent ? 1 : 0)) * (h + 1) * h : 0;
            return base.ParameterCount + tables + distances + Layers * projections + (ConvolutionKernel == 0 ? 0 : (h * ConvolutionKernel + 3) * h);
        }
    }

    /// <summary>With two products of each query and each key by as many distances as there are keys; the projections of the distances serve a whole batch.</summary>
    public override double FlopsPerToken(int length) => base.FlopsPerToken(length)
        + (HasRelativeAttention ? Layers * ((ContentToPosition ? 2.0 : 0) + (PositionToContent ? 2.0 : 0)) * length * HiddenSize : 0)
        + 2.0 * ConvolutionKernel * HiddenSize * HiddenSize;

    /// <summary>The row of a distance query − key in the table of embeddings.</summary>
    public int RowOf(int distance) => Math.Clamp((Buckets > 0 ? Bucket(distance) : distance) + Span, 0, 2 * Span - 1);

    /// <summary>
    /// Distances up to half the buckets are their own; the others are spaced by logarithms up to the farthest. In single precision, as Hugging Face computes it.
    /// </summary>
    private int Bucket(int distance)
    {
        var middle = Buckets / 2;
        var far = Math.Abs(distance);
        if (far <= middle)
        {
            return distance;
        }

        var place = MathF.Log((float)far / middle) / MathF.Log((float)((double)(FarthestDistance - 1) / middle)) * (middle - 1);
        return Math.Sign(distance) * (int)Math.Min(MathF.Ceiling(place) + middle, ConfigFields.LargestSize);
    }

    public static DebertaV2Config Read(ConfigFields fields, EncoderFamily family)
    {
        var positions = fields.Size("max_position_embeddings");
        var hidden = fields.Size("hidden_size");
        var dropout = fields.Rate("hidden_dropout_prob") ?? 0.1;
        var terms = Terms(fields);
        var buckets = fields.OptionalSize("position_buckets") ?? 0;
        var farthest = fields.OptionalSize("max_relative_positions") ?? positions;
        var kernel = fields.OptionalSize("conv_kernel_size") ?? 0;
        if (buckets == 1 || (buckets > 0 && farthest - 1 <= buckets / 2))
        {
            throw fields.Error($"position_buckets {buckets} do not fit distances up to {farthest} (max_relative_positions): their logarithms have no scale");
        }

        if (kernel > 0 && kernel % 2 == 0)
        {
            throw fields.Error($"conv_kernel_size is {kernel}; it has to be odd, so that each token has as many neighbours on either side");
        }

        if (kernel > 0 && (fields.OptionalSize("conv_groups") ?? 1) != 1)
        {
            throw fields.Error("conv_groups is not 1; only a convolution over all channels is supported");
        }

        if (fields.OptionalSize("attention_head_size") is { } size && size != hidden / fields.Heads("num_attention_heads", "hidden_size"))
        {
            throw fields.Error($"attention_head_size {size} is not hidden_size / num_attention_heads; only that is supported");
        }

        if (fields.Has("pooler_hidden_size") && fields.Size("pooler_hidden_size") != hidden)
        {
            throw fields.Error($"pooler_hidden_size is not the hidden_size {hidden}; only that is supported");
        }

        return new DebertaV2Config(new EncoderConfig
        {
            Family = family,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = fields.Heads("num_attention_heads", "hidden_size"),
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = positions,
            TypeVocabularySize = fields.OptionalSize("type_vocab_size") ?? 0,
            EmbeddingSize = fields.Has("embedding_size") ? fields.Size("embedding_size") : hidden,
            Activation = fields.Activation("hidden_act"),
            LayerNormEpsilon = (float)(fields.Rate("layer_norm_eps") ?? 1e-7),
            HiddenDropout = dropout,
            AttentionDropout = fields.Rate("attention_probs_dropout_prob") ?? 0.1,
            ClassifierDropout = fields.Rate("cls_dropout") ?? dropout,
            PoolerDropout = fields.Rate("pooler_dropout") ?? 0,
            PaddingId = fields.PaddingId(),
        })
        {
            HasRelativeAttention = fields.Flag("relative_attention", otherwise: false),
            ContentToPosition = terms.Contains("c2p"),
            PositionToContent = terms.Contains("p2c"),
            SharesProjections = fields.Flag("share_att_key", otherwise: false),
            NormalizesDistances = (fields.Text("norm_rel_ebd") ?? "none").Split('|').Any(part => part.Trim().Equals("layer_norm", StringComparison.OrdinalIgnoreCase)),
            Buckets = buckets,
            FarthestDistance = farthest,
            HasPositionTable = fields.Flag("position_biased_input", otherwise: true),
            ConvolutionKernel = kernel,
            ConvolutionActivation = fields.Activation("conv_act", "tanh"),
            PoolerActivation = fields.Activation("pooler_hidden_act"),
        };
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("embedding_size", EmbeddingSize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteNumber("type_vocab_size", TypeVocabularySize);
        json.WriteString("hidden_act", ConfigFields.NameOf(Activation));
        json.WriteNumber("layer_norm_eps", LayerNormEpsilon);
        json.WriteNumber("hidden_dropout_prob", HiddenDropout);
        json.WriteNumber("attention_probs_dropout_prob", AttentionDropout);
        json.WriteNumber("cls_dropout", ClassifierDropout);
        json.WriteNumber("pooler_dropout", PoolerDropout ?? 0);
        json.WriteString("pooler_hidden_act", ConfigFields.NameOf(PoolerActivation));
        json.WriteNumber("pooler_hidden_size", HiddenSize);
        json.WriteBoolean("relative_attention", HasRelativeAttention);
        json.WriteStartArray("pos_att_type");
        if (PositionToContent)
        {
            json.WriteStringValue("p2c");
        }

        if (ContentToPosition)
        {
            json.WriteStringValue("c2p");
        }

        json.WriteEndArray();
        json.WriteBoolean("share_att_key", SharesProjections);
        json.WriteString("norm_rel_ebd", NormalizesDistances ? "layer_norm" : "none");
        json.WriteNumber("position_buckets", Buckets > 0 ? Buckets : -1);
        json.WriteNumber("max_relative_positions", FarthestDistance);
        json.WriteBoolean("position_biased_input", HasPositionTable);
        if (ConvolutionKernel > 0)
        {
            json.WriteNumber("conv_kernel_size", ConvolutionKernel);
            json.WriteString("conv_act", ConfigFields.NameOf(ConvolutionActivation));
        }

        ConfigFields.WritePaddingId(json, PaddingId);
    }

    /// <summary>pos_att_type: a list, or one string with | between the names.</summary>
    private static HashSet<string> Terms(ConfigFields fields)
    {
        const string key = "pos_att_type";
        var names = fields.IsText(key) ? fields.Text(key)!.Split('|', StringSplitOptions.RemoveEmptyEntries) : fields.Texts(key) ?? [];
        var terms = names.Select(name => name.Trim().ToLowerInvariant()).ToHashSet();
        return terms.Except(["c2p", "p2c", "none"]).FirstOrDefault() is { } other
            ? throw fields.Error($"{key} has \"{other}\"; supported are c2p and p2c")
            : terms;
    }
}
