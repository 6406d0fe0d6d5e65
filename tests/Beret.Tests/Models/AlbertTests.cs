using System.Text.Json;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Models;

public class AlbertTests
{
    private const string Sizes = """
        "vocab_size": 100, "hidden_size": 48, "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64, "type_vocab_size": 2
        """;

    [Fact]
    public void WhatIsAbsentIsAlbertsDefault()
    {
        var config = Read("num_hidden_layers", 12);
        Assert.Equal((128, 12, 1, 1), (config.EmbeddingSize, config.Layers, config.Groups, config.LayersOfGroup));
        Assert.Equal((Activation.GeluTanh, 1e-12f), (config.Activation, config.LayerNormEpsilon));
        Assert.Equal((0, 0, 0.1), (config.HiddenDropout, config.AttentionDropout, config.ClassifierDropout));
    }

    [Fact]
    public void TheClassifiersDropoutHasItsOwnKey()
    {
        Assert.Equal(0.3, Read("num_hidden_layers", 2, "\"classifier_dropout_prob\": 0.3, \"hidden_dropout_prob\": 0.2").ClassifierDropout);
        Assert.Equal(0.1, Read("num_hidden_layers", 2, "\"classifier_dropout\": 0.3, \"hidden_dropout_prob\": 0.2").ClassifierDropout);
    }

    // int(i / (layers / groups)), in double precision, as Hugging Face has it.
    [Theory]
    [InlineData(4, 1, 1, "0 0 0 0")]
    [InlineData(4, 2, 2, "0 1 0 1 2 3 2 3")]
    [InlineData(6, 3, 1, "0 0 1 1 2 2")]
    [InlineData(5, 2, 1, "0 0 0 1 1")]
    [InlineData(7, 3, 1, "0 0 0 1 1 2 2")]
    [InlineData(2, 4, 1, "0 2")]
    public void LayersTakeTheGroupsInRuns(int layers, int groups, int inner, string blocks)
    {
        var config = Read("num_hidden_layers", layers, $"\"num_hidden_groups\": {groups}, \"inner_group_num\": {inner}");
        Assert.Equal(layers * inner, config.Layers);
        Assert.Equal(blocks, string.Join(' ', Enumerable.Range(0, config.Layers).Select(config.BlockOfLayer)));
    }

    [Fact]
    public void NoLayerIsBeyondTheLastGroup()
    {
        for (var layers = 1; layers <= 50; layers++)
        {
            for (var groups = 1; groups <= 50; groups++)
            {
                var config = new AlbertConfig(SmallModel.Config()) { Layers = layers, Groups = groups };
                Assert.All(Enumerable.Range(0, layers), i => Assert.InRange(config.BlockOfLayer(i), 0, groups - 1));
            }
        }
    }

    [Fact]
    public void MoreLayersThanAnyModelHasAreRefused() =>
        Assert.Contains("is 1099511627776 layers", Assert.Throws<ModelException>(() => Read("num_hidden_layers", 1 << 20, $"\"inner_group_num\": {1 << 20}")).Message);

    private static AlbertConfig Read(string key, int value, string more = "\"model_type\": \"albert\"")
    {
        using var document = JsonDocument.Parse($"{{{Sizes}, \"{key}\": {value}, {more}}}");
        return (AlbertConfig)Albert.Family.Read(new ConfigFields(document.RootElement, "config.json"));
    }
}
