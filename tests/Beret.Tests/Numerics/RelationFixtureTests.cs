using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Tests.Numerics;

/// <summary>The relations' losses and their gradient beside PyTorch's (tests/fixtures/relations/relations.py).</summary>
public class RelationFixtureTests
{
    public static TheoryData<string, int, string> Sets => [.. Backends.FastNames.Append("reference").SelectMany(backend => (TheoryDataRow<string, int, string>[])
        [
            new(backend, (int)(Relations.QueryKey | Relations.ValueValue), "minilm"),
            new(backend, (int)(Relations.QueryQuery | Relations.KeyKey | Relations.ValueValue), "minilmv2"),
        ])];

    [Theory]
    [MemberData(nameof(Sets))]
    public void LossesAndGradientAreThoseOfPyTorch(string name, int relations, string set)
    {
        const int heads = 3;
        using var file = Checkpoint.Open(Repository.Path("tests", "fixtures", "relations", "expected.safetensors"));
        using var backend = name == "reference" ? Backends.Reference() : Backends.Create(name);
        using var arena = new Arena(backend, 1 << 20);
        var lengths = new long[file.Get("lengths").Count];
        file.ReadInt64("lengths", lengths);
        var (student, teacher) = (Upload("student"), Upload("teacher"));
        var losses = arena.Take(lengths.Length, heads);
        var gradient = arena.Take(student.Rows, student.Columns);
        backend.Clear(gradient);
        var starts = arena.TakeIndices(lengths.Length + 1);
        backend.Write([0, .. lengths.Select((_, b) => (int)lengths.Take(b + 1).Sum())], starts);

        backend.RelationLoss(student, teacher, starts, (int)lengths.Max(), (Relations)relations, heads, 1, losses, gradient);

        AssertClose(file.Read($"{set}.losses"), losses);
        AssertClose(file.Read($"{set}.gradient"), gradient);

        Matrix Upload(string tensor)
        {
            var shape = file.Get(tensor).Shape;
            var matrix = arena.Take((int)shape[0], (int)shape[1]);
            backend.Write(file.Read(tensor), matrix);
            return matrix;
        }

        void AssertClose(float[] expected, Matrix actual)
        {
            var values = new float[actual.Length];
            backend.Read(actual, values);
            Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 2e-6f));
        }
    }
}
