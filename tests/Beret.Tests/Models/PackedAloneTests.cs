using Beret.Inference;
using Beret.Numerics;

namespace Beret.Tests.Models;

/// <summary>A model that only predicts keeps its layers' weights in one form: the packed one.</summary>
public class PackedAloneTests
{
    public static TheoryData<string, string> Cases => [.. SmallModel.Names.SelectMany(
        _ => (string[])["Float32", "BFloat16", "Int8"], (name, arithmetic) => (name, arithmetic))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ThePlainWeightsAreNotRead(string name, string arithmetic)
    {
        var config = SmallModel.Named(name);
        using var backend = new SpoilingBackend(CpuBackend.Create(2));
        using var model = SmallModel.Create(backend, config, outputs: 3);
        using var runner = new BatchRunner(model, backend);
        var batch = SmallModel.Batch(config, [5, 40, 1]);
        model.Parameters.Use(Enum.Parse<ElementType>(arithmetic));
        model.Parameters.Pack();
        var expected = new float[9];
        runner.Run(batch, expected);

        model.Parameters.PackAlone();
        var logits = new float[9];
        runner.Run(batch, logits);
        Assert.Equal(expected, logits);
        Assert.True(backend.Discarded >= 6);
    }

    [Fact]
    public void TheWeightsCannotBeReadOrChangedAnyMore()
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Config());
        model.Parameters.PackAlone();
        var query = model.Parameters.All.Single(parameter => parameter.Name == "bert.encoder.layer.0.attention.self.query.weight");
        Assert.Contains(query.Name, Assert.Throws<InvalidOperationException>(() => query.Value).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(model.Parameters.Touch);
        Assert.Throws<InvalidOperationException>(() => model.Parameters.Use(ElementType.Int8));
        Assert.NotEqual(0, model.Parameters.All[0].Value.Handle);
    }

    /// <summary>Overwrites what is discarded, so that it would show if it were read.</summary>
    private sealed class SpoilingBackend(IBackend inner) : ForwardingBackend(inner)
    {
        public int Discarded { get; private set; }

        public override void Discard(Matrix matrix)
        {
            Discarded++;
            var nothing = new float[matrix.Length];
            Array.Fill(nothing, float.NaN);
            Inner.Write(nothing, matrix);
        }
    }
}
