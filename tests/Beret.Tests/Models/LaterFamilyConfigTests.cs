using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Models;

/// <summary>What the configurations of DistilBERT, RoBERTa, MPNet and DeBERTa mean, and what of them is refused.</summary>
public class LaterFamilyConfigTests
{
    private const string Sizes = """
        "vocab_size": 100, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64, "type_vocab_size": 1,
        "dim": 48, "n_layers": 2, "n_heads": 4, "hidden_dim": 96
        """;

    [Theory]
    [InlineData("distilbert")]
    [InlineData("roberta")]
    [InlineData("xlm_roberta")]
    [InlineData("mpnet")]
    [InlineData("deberta_v3")]
    [InlineData("deberta_v2_conv")]
    public void AConfigurationOfHuggingFaceIsReadBackAsItWasWritten(string name)
    {
        var text = File.ReadAllText(Path.Combine(Shared.Path("fixtures", "hf", "later", name), "config.json"));
        var type = (string)JsonNode.Parse(text)!["model_type"]!;
        var config = Read(type, text);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            config.Family.Write(json, config);
            json.WriteEndObject();
        }

        Assert.Equal(config, Read(type, Encoding.UTF8.GetString(stream.ToArray())));
    }

    [Fact]
    public void DistilBertHasItsOwnDefaults()
    {
        var config = Parsed("distilbert");
        Assert.Equal((0.1, 0.1, 0.2), (config.HiddenDropout, config.AttentionDropout, config.ClassifierDropout));
        Assert.Equal((0, 64, 1e-12f), (config.TypeVocabularySize, config.MaxPositions, config.LayerNormEpsilon));
    }

    [Fact]
    public void RobertaCountsPositionsFromBehindThePaddingToken()
    {
        Assert.Equal((1, 2, 62), Of(Parsed("roberta")));
        Assert.Equal((0, 1, 63), Of(Parsed("xlm-roberta", "\"pad_token_id\": 0")));
        Assert.Equal((1, 2, 62), Of(Parsed("mpnet", "\"pad_token_id\": 0")));

        static (int, int, int) Of(EncoderConfig config) => (config.PaddingId, config.FirstPosition, config.MaxPositions);
    }

    [Fact]
    public void DebertaTakesItsTermsAsAListOrAsOneString()
    {
        foreach (var terms in (string[])["[\"p2c\", \"c2p\"]", "\"c2p|p2c\"", "\"P2C | C2P\""])
        {
            var config = (DebertaV2Config)Parsed("deberta-v2", $"\"pos_att_type\": {terms}");
            Assert.True(config.ContentToPosition && config.PositionToContent, terms);
            Assert.Equal(1 / Math.Sqrt(12 * 3), config.ScoreScale, 1e-12);
        }

        Assert.Equal(1 / Math.Sqrt(12), ((DebertaV2Config)Parsed("deberta-v2")).ScoreScale, 1e-12);
        Assert.Equal(1 / Math.Sqrt(12 * 2), ((DebertaV2Config)Parsed("deberta-v2", "\"pos_att_type\": [\"c2p\"]")).ScoreScale, 1e-12);
    }

    [Fact]
    public void DebertasClassifierDropoutIsItsOwnOrThatOfTheHiddenLayers()
    {
        Assert.Equal(0.3, Parsed("deberta-v2", "\"cls_dropout\": 0.3, \"hidden_dropout_prob\": 0.2").ClassifierDropout);
        Assert.Equal((0.2, 0.4), (Parsed("deberta-v2", "\"hidden_dropout_prob\": 0.2, \"pooler_dropout\": 0.4") is var config ? config.ClassifierDropout : 0, config.PoolerDropout));
    }

    [Theory]
    [InlineData("deberta_v3")]
    [InlineData("deberta_v2_conv")]
    public void DebertasRowsOfDistancesAreThoseOfHuggingFace(string name)
    {
        var folder = Shared.Path("fixtures", "hf", "later", name);
        using var expected = Checkpoint.Open(Path.Combine(folder, "expected.safetensors"));
        var text = File.ReadAllText(Path.Combine(folder, "config.json"));
        var config = (DebertaV2Config)Read("deberta-v2", text);
        Check(config, "aux.rel_bucket_by_distance");
        Check(config with { Buckets = 256, FarthestDistance = 512 }, "aux.rel_bucket_by_distance.buckets256_max512_len1024");

        void Check(DebertaV2Config deberta, string tensor)
        {
            var buckets = new long[expected.Get(tensor).Count];
            expected.ReadInt64(tensor, buckets);
            for (var d = 0; d < buckets.Length; d++)
            {
                Assert.Equal(Math.Min(buckets[d] + deberta.Span, 2 * deberta.Span - 1), deberta.RowOf(d));
                Assert.Equal(Math.Max(deberta.Span - buckets[d], 0), deberta.RowOf(-d));
            }
        }
    }

    [Fact]
    public void MpnetsBucketsAreThoseOfHuggingFace()
    {
        using var expected = Checkpoint.Open(Path.Combine(Shared.Path("fixtures", "hf", "later", "mpnet"), "expected.safetensors"));
        var buckets = new long[1201];
        expected.ReadInt64("aux.bucket_of_k_minus_q_from_-600_to_600", buckets);
        Assert.Equal(buckets, Enumerable.Range(-600, 1201).Select(ahead => (long)Mpnet.Bucket(-ahead)));
    }

    [Fact]
    public void SinusoidsThatACheckpointLacksAreComputed()
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Named("distilbert with sinusoids"));
        var table = model.Parameters.All.Single(parameter => parameter.Name.EndsWith("position_embeddings.weight", StringComparison.Ordinal));
        Assert.True(table.IsFrozen);
        Assert.True(model.Initialize(table, seed: 1));
        var values = new float[table.Length];
        backend.Read(table.Value, values);
        Assert.Equal(0, values[0]);
        Assert.Equal(1, values[1]);
        Assert.Equal(Math.Sin(5), values[5 * 48], 1e-6);
        Assert.Equal(Math.Cos(5 / Math.Pow(10000, 46.0 / 48)), values[5 * 48 + 47], 1e-6);
    }

    [Theory]
    [InlineData("distilbert", "n_heads", "5", "dim 48 is not a multiple of n_heads 5")]
    [InlineData("distilbert", "hidden_dim", "null", "hidden_dim is missing")]
    [InlineData("distilbert", "sinusoidal_pos_embds", "1", "sinusoidal_pos_embds is 1, not true or false")]
    [InlineData("distilbert", "activation", "\"swish\"", "activation is \"swish\"; supported are")]
    [InlineData("roberta", "pad_token_id", "null", "pad_token_id is not the number of a token")]
    [InlineData("roberta", "pad_token_id", "2000000000", "pad_token_id is not the number of a token")]
    [InlineData("roberta", "max_position_embeddings", "2", "max_position_embeddings is 2, not a whole number from 3")]
    [InlineData("mpnet", "relative_attention_num_buckets", "16", "relative_attention_num_buckets is 16, not a whole number from 32")]
    [InlineData("deberta-v2", "pos_att_type", "[\"p2p\"]", "pos_att_type has \"p2p\"; supported are c2p and p2c")]
    [InlineData("deberta-v2", "pos_att_type", "[7]", "pos_att_type is [7], not a list of names")]
    [InlineData("deberta-v2", "conv_kernel_size", "4", "conv_kernel_size is 4; it has to be odd")]
    [InlineData("deberta-v2", "position_buckets", "256", "position_buckets 256 do not fit distances up to 64")]
    [InlineData("deberta-v2", "position_buckets", "1", "position_buckets 1 do not fit")]
    [InlineData("deberta-v2", "position_buckets", "8.5", "position_buckets is 8.5, not a whole number")]
    [InlineData("deberta-v2", "max_relative_positions", "1e9", "max_relative_positions is 1e9, not a whole number")]
    [InlineData("deberta-v2", "pooler_hidden_size", "24", "pooler_hidden_size is not the hidden_size 48")]
    [InlineData("deberta-v2", "attention_head_size", "24", "attention_head_size 24 is not hidden_size / num_attention_heads")]
    [InlineData("deberta-v2", "relative_attention", "\"yes\"", "relative_attention is \"yes\", not true or false")]
    [InlineData("deberta-v2", "norm_rel_ebd", "1", "norm_rel_ebd is 1, not a string")]
    [InlineData("deberta-v2", "conv_act", "\"elu\"", "conv_act is \"elu\"; supported are")]
    public void WhatCannotBeIsRefusedByName(string type, string key, string value, string message)
    {
        var config = JsonNode.Parse($"{{{Sizes}}}")!.AsObject();
        config[key] = JsonNode.Parse(value);
        Assert.Contains(message, Assert.Throws<ModelException>(() => Read(type, config.ToJsonString())).Message);
    }

    [Fact]
    public void AConvolutionInGroupsIsRefused() =>
        Assert.Contains("conv_groups is not 1", Assert.Throws<ModelException>(() => Parsed("deberta-v2", "\"conv_kernel_size\": 3, \"conv_groups\": 2")).Message);

    private static EncoderConfig Parsed(string type, string more = "\"more\": 0") => Read(type, $"{{{Sizes}, {more}}}");

    private static EncoderConfig Read(string type, string text)
    {
        using var document = JsonDocument.Parse(text);
        return EncoderFamily.Find(type)!.Read(new ConfigFields(document.RootElement, "config.json"));
    }
}
