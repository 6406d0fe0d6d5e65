using Beret.Benchmarks;
using Beret.Models;
using Beret.Tests.Models;

namespace Beret.Tests.Benchmarks;

/// <summary>What is counted as work.</summary>
public class WorkTests
{
    private static readonly EncoderConfig MiniLm = SmallModel.Config() with { Layers = 6, HiddenSize = 384, EmbeddingSize = 384, IntermediateSize = 1536, Heads = 12, MaxPositions = 512 };

    [Fact]
    public void AStepOfMiniLmIsTheFormulaOfThePeersPrograms()
    {
        // tokens × (6 · layers · 12 · hidden² + 12 · layers · length · hidden) = 4096 × (63,700,992 + 3,538,944)
        Assert.Equal(275_414_777_856, Work.Training(MiniLm, Enumerable.Repeat(128, 32)));
        Assert.Equal(275_414_777_856 / 3, Work.Forward(MiniLm, Enumerable.Repeat(128, 32)));
    }

    [Fact]
    public void ByHandEachProductCountsTwoOperationsAMultiplyAdd()
    {
        // One text of 3 tokens through one layer of width 4 and feed-forward width 8: queries, keys, values and output 4 × (3·4·4), the feed-forward layers
        // 2 × (3·4·8), scores and context 2 × (3·3·4) multiply-adds.
        var config = SmallModel.Config() with { Layers = 1, HiddenSize = 4, EmbeddingSize = 4, IntermediateSize = 8, Heads = 2 };
        Assert.Equal(2 * (4 * 48 + 2 * 96 + 2 * 36), Work.Forward(config, [3]));
        Assert.Equal(2 * 2 * 36, Work.Attention(config, [3]));
    }

    [Fact]
    public void OnlyTokensThatAreThereCount() =>
        Assert.Equal(Work.Forward(MiniLm, [10]) + Work.Forward(MiniLm, [100]), Work.Forward(MiniLm, [10, 100]));
}
