using System.Runtime.InteropServices;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Training;

/// <summary>All that training changes in a model, and what was seen on the way, to be compared bit for bit.</summary>
internal sealed class TrainedState
{
    private readonly List<(string Name, int[] Bits)> values = [];

    /// <summary>Adds the values and both moments of every parameter.</summary>
    public void Add(SequenceClassifier model)
    {
        var backend = model.Parameters.Backend;
        foreach (var parameter in model.Parameters.All)
        {
            Add(parameter.Name, Recorded.Values(backend, parameter.Value));
            Add($"first moment of {parameter.Name}", Recorded.Values(backend, parameter.FirstMoment));
            Add($"second moment of {parameter.Name}", Recorded.Values(backend, parameter.SecondMoment));
        }
    }

    public void Add(string name, ReadOnlySpan<float> floats) => values.Add((name, MemoryMarshal.Cast<float, int>(floats).ToArray()));

    public void Add(string name, double value) => Add(name, MemoryMarshal.Cast<double, float>([value]));

    /// <summary>The names whose bits differ.</summary>
    public IEnumerable<string> DifferencesFrom(TrainedState other)
    {
        Assert.Equal(other.values.Select(v => v.Name), values.Select(v => v.Name));
        return values.Zip(other.values).Where(pair => !pair.First.Bits.AsSpan().SequenceEqual(pair.Second.Bits)).Select(pair => pair.First.Name);
    }

    /// <summary>Gives another model the values and moments of this one, as a resumed run does.</summary>
    public static void Copy(SequenceClassifier from, SequenceClassifier to)
    {
        to.Parameters.AllocateForTraining();
        foreach (var (source, target) in from.Parameters.All.Zip(to.Parameters.All))
        {
            Assert.Equal(source.Name, target.Name);
            Move(source.Value, target.Value);
            Move(source.FirstMoment, target.FirstMoment);
            Move(source.SecondMoment, target.SecondMoment);
        }

        to.Parameters.Touch();

        void Move(Matrix source, Matrix target) => to.Parameters.Backend.Write(Recorded.Values(from.Parameters.Backend, source), target);
    }
}
