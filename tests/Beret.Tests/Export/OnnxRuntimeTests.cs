using Beret.Models;
using Beret.Numerics;
using Beret.Onnx;
using Beret.Onnx.Checks;
using Beret.Tests.Models;

namespace Beret.Tests.Export;

/// <summary>What ONNX Runtime computes of exported models, beside what Beret computes of the same weights.</summary>
public sealed class OnnxRuntimeTests
{
    /// <summary>Sums of a few hundred terms in another order.</summary>
    private const double Tolerance = 1e-4;

    // Lengths beyond the windows of the small ModernBERT and the buckets of DeBERTa, and the shortest.
    private static readonly int[] Lengths = [40, 3, 1, 26];

    public static TheoryData<string> Families => [.. SmallModel.Names];

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryFamilyGivesTheLogitsOfBeret(string name)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name);
        using var world = new ExportedWorld(config);
        world.Write();
        var texts = ExportedWorld.Texts(config, Lengths);
        var expected = world.Expected(texts);
        Assert.InRange(ExportedWorld.Difference(expected, world.Found(node, texts)), 0, Tolerance);

        // The model tells the texts apart by more than that.
        Assert.True(Enumerable.Range(0, expected.Length).Max(i => Math.Abs(expected[i] - expected[i % world.Model.Outputs])) > 100 * Tolerance);
    }

    [Theory]
    [InlineData("bert", Pooling.FirstToken)]
    [InlineData("roberta", Pooling.Mean)]
    [InlineData("deberta v2", Pooling.Max)]
    [InlineData("modernbert", Pooling.FirstToken)]
    [InlineData("modernbert", Pooling.Max)]
    [InlineData("electra with a pooler", Pooling.Mean)]
    public void EveryPoolingGivesTheLogitsOfBeret(string name, Pooling pooling)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name) with { Pooling = pooling };
        using var world = new ExportedWorld(config);
        world.Write();
        var texts = ExportedWorld.Texts(config, Lengths);
        Assert.InRange(ExportedWorld.Difference(world.Expected(texts), world.Found(node, texts)), 0, Tolerance);
    }

    [Theory]
    [InlineData("GeluTanh", 17)]
    [InlineData("GeluTanh", 20)]
    [InlineData("Relu", 17)]
    [InlineData("Tanh", 17)]
    public void EveryActivationGivesTheLogitsOfBeret(string activation, int opset)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Config() with { Activation = Enum.Parse<Activation>(activation) };
        using var world = new ExportedWorld(config);
        world.Write(new OnnxExportOptions { Opset = opset });
        var texts = ExportedWorld.Texts(config, Lengths);
        Assert.InRange(ExportedWorld.Difference(world.Expected(texts), world.Found(node, texts)), 0, Tolerance);
    }

    [Theory]
    [InlineData("bert, largest", 18)]
    [InlineData("modernbert", 19)]
    [InlineData("deberta v2", 20)]
    [InlineData("bert, mean", 21)]
    public void EveryOpsetGivesTheLogitsOfBeret(string name, int opset)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name);
        using var world = new ExportedWorld(config);
        world.Write(new OnnxExportOptions { Opset = opset });
        var texts = ExportedWorld.Texts(config, Lengths);
        Assert.InRange(ExportedWorld.Difference(world.Expected(texts), world.Found(node, texts)), 0, Tolerance);
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("deberta v2")]
    [InlineData("modernbert")]
    [InlineData("bert, mean")]
    [InlineData("bert, largest")]
    [InlineData("mpnet")]
    [InlineData("talking heads")]
    public void PaddingDoesNotChangeATextsLogits(string name)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name);
        using var world = new ExportedWorld(config);
        world.Write();
        var texts = ExportedWorld.Texts(config, 7, 40);
        var alone = world.Found(node, ([texts.Ids[0]], [texts.Types[0]]));

        // Whatever stands in the padding. Products of other shapes may be summed in another order.
        var filled = world.Found(node, texts, padding: 77)[..alone.Length];
        Assert.InRange(ExportedWorld.Difference(alone, filled), 0, 2e-6);
    }

    /// <summary>16 bits have 11 that count: 5e-4 of each number, over a few layers.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void EveryFamilyIsCloseInSixteenBits(string name)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name);
        using var world = new ExportedWorld(config);
        world.Write(new OnnxExportOptions { Precision = OnnxPrecision.Float16 });
        var texts = ExportedWorld.Texts(config, Lengths);
        Assert.InRange(ExportedWorld.Difference(world.Expected(texts), world.Found(node, texts)), 0, 0.01);
    }

    /// <summary>The errors of int8 are those of Beret's own int8 in size, but not in place: activations have one scale for all tokens here.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void EveryFamilyIsAboutAsCloseInBytesAsBeretsOwnBytes(string name)
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Named(name);
        using var world = new ExportedWorld(config);
        world.Write(new OnnxExportOptions { Precision = OnnxPrecision.Int8 });
        var texts = ExportedWorld.Texts(config, Lengths);
        var exact = world.Expected(texts);
        var own = ExportedWorld.Difference(exact, world.Expected(texts, ElementType.Int8));
        Assert.InRange(ExportedWorld.Difference(exact, world.Found(node, texts)), 1e-5, Math.Max(0.05, 4 * own));
    }

    [Fact]
    public void WeightsInAFileOfTheirOwnGiveTheSameLogits()
    {
        var node = NodeModules.Require(NodeRuntime.OnnxRuntime);
        var config = SmallModel.Config();
        using var world = new ExportedWorld(config);
        var texts = ExportedWorld.Texts(config, Lengths);
        world.Write();
        var inside = world.Found(node, texts);
        var summary = world.Write(new OnnxExportOptions { MostInside = 0 });
        Assert.Equal($"{world.File}_data", summary.DataFile);
        Assert.True(new FileInfo(summary.DataFile!).Length > 10 * new FileInfo(world.File).Length);
        Assert.Equal(inside, world.Found(node, texts));
    }
}
