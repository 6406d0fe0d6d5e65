using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// BERT (Devlin, Chang, Lee and Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019):
/// embeddings, L post-norm transformer blocks, and a pooler on the first token.
/// </summary>
internal sealed class Bert : EncoderModel
{
    private const string Prefix = "bert.";

    private readonly Embeddings embeddings;
    private readonly Block[] blocks;
    private readonly Dense pooler;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Bert(ParameterSet set, EncoderConfig config)
    {
        Config = config;
        embeddings = new Embeddings(set, Prefix, config);
        blocks = new Block[config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.layer.{i}";
            blocks[i] = new Block(new SelfAttention(set, $"{prefix}.attention", config), new FeedForward(set, prefix, config));
        }

        pooler = set.DeclareDense($"{Prefix}pooler", ["dense"], config.HiddenSize, config.HiddenSize);
    }

    public override EncoderConfig Config { get; }

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "bert",
        Architecture = "BertForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = Write,
        Create = (set, config) => new Bert(set, config),
        Head = _ => new HeadLayout("classifier"),
    };

    public override EncoderOutputs Forward(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var mark = ops.Arena.Mark;
        var x = ops.Keep(mark, embeddings.Forward(ops, batch));                                 // [T, H]
        observe?.Invoke(0, x);
        for (var i = 0; i < blocks.Length; i++)
        {
            var h = blocks[i].Attention.Forward(ops, x, batch);                                 // [T, H]
            x = ops.Keep(mark, blocks[i].FeedForward.Forward(ops, h));                          // [T, H]
            observe?.Invoke(i + 1, x);
        }

        var pooled = ops.Linear(ops.First(x, batch), pooler, Activation.Tanh);                  // [B, H]
        return new EncoderOutputs(x, pooled);
    }

    /// <summary>The pooler is new where the checkpoint is that of a masked language model, which has none.</summary>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed)
    {
        if (seed is null || !(pooler.Weights.Contains(parameter) || pooler.Biases.Contains(parameter)))
        {
            return false;
        }

        Initialization.Dense(backend, parameter, Config.InitializerRange, seed.Value);
        return true;
    }

    private static EncoderConfig Read(ConfigFields fields)
    {
        fields.Require("position_embedding_type", "absolute");
        var hidden = fields.Size("hidden_size");
        var dropout = fields.Rate("hidden_dropout_prob") ?? 0.1;
        return new EncoderConfig
        {
            Family = Family,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = fields.Heads("num_attention_heads", "hidden_size"),
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = fields.Size("max_position_embeddings"),
            TypeVocabularySize = fields.Size("type_vocab_size"),
            EmbeddingSize = fields.Has("embedding_size") ? fields.Size("embedding_size") : hidden,
            Activation = fields.Activation("hidden_act"),
            LayerNormEpsilon = (float)(fields.Rate("layer_norm_eps") ?? 1e-12),
            HiddenDropout = dropout,
            AttentionDropout = fields.Rate("attention_probs_dropout_prob") ?? 0.1,
            ClassifierDropout = fields.Rate("classifier_dropout") ?? dropout,
            PaddingId = fields.PaddingId(),
        };
    }

    private static void Write(Utf8JsonWriter json, EncoderConfig config)
    {
        json.WriteNumber("vocab_size", config.VocabularySize);
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteNumber("num_hidden_layers", config.Layers);
        json.WriteNumber("num_attention_heads", config.Heads);
        json.WriteNumber("intermediate_size", config.IntermediateSize);
        json.WriteNumber("max_position_embeddings", config.MaxPositions);
        json.WriteNumber("type_vocab_size", config.TypeVocabularySize);
        if (config.EmbeddingSize != config.HiddenSize)
        {
            json.WriteNumber("embedding_size", config.EmbeddingSize);
        }

        json.WriteString("hidden_act", ConfigFields.NameOf(config.Activation));
        json.WriteNumber("layer_norm_eps", config.LayerNormEpsilon);
        json.WriteNumber("hidden_dropout_prob", config.HiddenDropout);
        json.WriteNumber("attention_probs_dropout_prob", config.AttentionDropout);
        json.WriteNumber("classifier_dropout", config.ClassifierDropout);
        if (config.PaddingId >= 0)
        {
            json.WriteNumber("pad_token_id", config.PaddingId);
        }

        json.WriteString("position_embedding_type", "absolute");
    }

    private readonly record struct Block(SelfAttention Attention, FeedForward FeedForward);
}
