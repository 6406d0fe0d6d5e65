using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Models;

/// <summary>ModernBERT's config.json: both styles of keys, what is absent, what is refused, and what is written.</summary>
public sealed class ModernBertConfigTests : IDisposable
{
    private const string Sound = """
        {"model_type": "modernbert", "vocab_size": 100, "hidden_size": 48, "num_hidden_layers": 5, "num_attention_heads": 4, "intermediate_size": 72,
         "max_position_embeddings": 64}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WhatIsAbsentIsModernBertsDefault()
    {
        var config = Read(Sound);
        Assert.Equal([false, true, true, false, true], config.IsLocal);
        Assert.Equal((128, 160_000.0, 10_000.0, 1e-5f), (config.LocalAttention, config.GlobalTheta, config.LocalTheta, config.LayerNormEpsilon));
        Assert.Equal((false, false, false, false), (config.AttentionBias, config.MlpBias, config.NormBias, config.Pooling == Pooling.Mean));
        Assert.Equal((0.0, 0.0, 0.0, 0.0), (config.EmbeddingDropout, config.HiddenDropout, config.AttentionDropout, config.ClassifierDropout));
        Assert.Equal((Activation.Gelu, 50283, 0), (config.Activation, config.PaddingId, config.TypeVocabularySize));
        Assert.Equal(("head.dense", false, Activation.Gelu, "head.norm", false), (
            config.Head.Transform, config.Head.TransformHasBias, config.Head.Activation, config.Head.Norm, config.Head.NormHasBias));
    }

    [Fact]
    public void NewKeysAndOldKeysSayTheSame()
    {
        var newer = Read(With("""
            "layer_types": ["full_attention", "sliding_attention", "full_attention", "sliding_attention", "full_attention"],
            "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 5000}, "sliding_attention": {"rope_theta": 600.5}}
            """));
        var older = Read(With("\"global_attn_every_n_layers\": 2, \"global_rope_theta\": 5000, \"local_rope_theta\": 600.5"));
        Assert.Equal([false, true, false, true, false], newer.IsLocal);
        Assert.Equal((5000.0, 600.5), (newer.GlobalTheta, newer.LocalTheta));
        Assert.Equal(newer, older);
        Assert.NotEqual(newer, older with { IsLocal = [false, true, false, true, true] });
    }

    [Fact]
    public void NewKeysGoBeforeOldOnes()
    {
        var config = Read(With("""
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention", "full_attention", "full_attention"], "global_attn_every_n_layers": 1,
            "rope_parameters": {"full_attention": {"rope_theta": 5000}, "sliding_attention": {"rope_theta": 600}}, "global_rope_theta": 1, "local_rope_theta": null
            """));
        Assert.Equal([true, true, false, false, false], config.IsLocal);
        Assert.Equal((5000.0, 600.0), (config.GlobalTheta, config.LocalTheta));
    }

    [Fact]
    public void NoLocalThetaIsTheGlobalOne() => Assert.Equal(77.0, Read(With("\"global_rope_theta\": 77, \"local_rope_theta\": null")).LocalTheta);

    [Theory]
    [InlineData("")]
    [InlineData("\"norm_bias\": true, \"attention_bias\": true, \"mlp_bias\": true, \"classifier_bias\": true, \"classifier_pooling\": \"mean\", \"pad_token_id\": null")]
    [InlineData("\"layer_types\": [\"sliding_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\", \"sliding_attention\"], \"local_attention\": 7")]
    [InlineData("\"global_attn_every_n_layers\": 1, \"hidden_activation\": \"gelu_pytorch_tanh\", \"classifier_activation\": \"relu\", \"pad_token_id\": 3")]
    [InlineData("\"embedding_dropout\": 0.1, \"attention_dropout\": 0.2, \"mlp_dropout\": 0.3, \"classifier_dropout\": 0.4, \"norm_eps\": 1e-6")]
    public void WhatIsWrittenIsReadAsItWas(string keys)
    {
        var config = Read(keys.Length == 0 ? Sound : With(keys));
        Assert.Equal(config, Read(Written(config)));
        Assert.Equal(config.ParameterCount, ParametersOf(config));
    }

    [Theory]
    [InlineData("\"num_attention_heads\": 16", "is odd; rotary positions turn pairs of features")]
    [InlineData("\"layer_types\": [\"full_attention\"]", "layer_types has 1 entries for 5 layers")]
    [InlineData("\"layer_types\": [1, 2, 3, 4, 5]", "not a list of names")]
    [InlineData("\"layer_types\": [\"a\", \"a\", \"a\", \"a\", \"a\"]", "layer_types has \"a\"; the kinds are full_attention and sliding_attention")]
    [InlineData("\"global_attn_every_n_layers\": 0", "global_attn_every_n_layers is 0, not a whole number")]
    [InlineData("\"local_attention\": -1", "local_attention is -1, not a whole number")]
    [InlineData("\"global_rope_theta\": 0", "the rotary base of full_attention is 0, not a number above 0")]
    [InlineData("\"local_rope_theta\": \"x\"", "local_rope_theta is \"x\", not a number")]
    [InlineData("\"rope_parameters\": 7", "rope_parameters is 7, not an object")]
    [InlineData("\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"yarn\"}}", "rope_parameters: full_attention: rope_type is \"yarn\"; only \"default\" is supported")]
    [InlineData("\"rope_scaling\": {\"type\": \"linear\"}", "rope_scaling is set; scaling of the rotary angles is not supported")]
    [InlineData("\"norm_bias\": 1", "norm_bias is 1, not true or false")]
    [InlineData("\"classifier_pooling\": \"median\"", "classifier_pooling is \"median\"; it can be pooler, cls, mean, max")]
    [InlineData("\"hidden_activation\": \"silu\"", "hidden_activation is \"silu\"; supported are")]
    public void WhatCannotBeIsRefusedByName(string keys, string message) => Assert.Contains(message, Assert.Throws<ModelException>(() => Read(With(keys))).Message);

    [Fact]
    public void TheWorkOfALocalLayerDoesNotGrowWithTheText()
    {
        var config = Read(With("\"local_attention\": 8")) with { IsLocal = [true, true, true, true, true] };
        Assert.Equal(config.FlopsPerToken(9), config.FlopsPerToken(1000));
        Assert.True(config.FlopsPerToken(8) < config.FlopsPerToken(9));
    }

    private static double ParametersOf(ModernBertConfig config)
    {
        using var backend = new PlanningBackend();
        using var set = new ParameterSet(backend);
        config.Family.Create(set, config);
        return set.Count;
    }

    private static string Written(ModernBertConfig config)
    {
        using var stream = new MemoryStream();
        HuggingFaceConfig.Write(stream, config, ModelSource.HuggingFace);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string With(string keys)
    {
        var config = JsonNode.Parse(Sound)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse($"{{{keys}}}")!.AsObject())
        {
            config[key] = value?.DeepClone();
        }

        return config.ToJsonString();
    }

    private ModernBertConfig Read(string json) => (ModernBertConfig)ConfigReader.Read(folder.Write("config.json", json));
}
