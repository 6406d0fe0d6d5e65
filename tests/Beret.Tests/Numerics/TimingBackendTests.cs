using Beret.Numerics;

namespace Beret.Tests.Numerics;

/// <summary>The profile of a model's operations.</summary>
public class TimingBackendTests
{
    [Fact]
    public void Each_operation_of_the_seam_is_timed()
    {
        string[] notTimed = [nameof(IBackend.Allocate), nameof(IBackend.Free), nameof(IBackend.Discard), nameof(IBackend.PackedLength), nameof(IDisposable.Dispose)];
        var map = typeof(TimingBackend).GetInterfaceMap(typeof(IBackend));
        var handedOn = map.InterfaceMethods.Zip(map.TargetMethods).Where(pair => pair.Second.DeclaringType == typeof(ForwardingBackend)).Select(pair => pair.First.Name);
        Assert.Empty(handedOn.Except(notTimed));
    }

    [Fact]
    public void Calls_and_the_work_of_products_are_counted_until_it_begins_anew()
    {
        using var backend = new TimingBackend(Backends.Reference());
        var input = new Matrix(backend.Allocate(3 * 4 * sizeof(float)), 3, 4);
        var weight = new Matrix(backend.Allocate(5 * 4 * sizeof(float)), 5, 4);
        var output = new Matrix(backend.Allocate(3 * 5 * sizeof(float)), 3, 5);
        IBackend timed = backend;
        timed.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output);
        timed.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output);
        timed.LinearInputGradient(output, weight, input, accumulate: false);
        backend.Clear(output);
        var counts = backend.Times.ToDictionary(time => time.Operation, time => (time.Calls, time.Flops));
        Assert.Equal((2, 2 * 2.0 * 3 * 4 * 5), counts[nameof(IBackend.Linear)]);
        Assert.Equal((1, 2.0 * 3 * 4 * 5), counts[nameof(IBackend.LinearInputGradient)]);
        Assert.Equal((1, 0.0), counts[nameof(IBackend.Clear)]);
        Assert.Equal(3, counts.Count);
        Assert.All(backend.Times, time => Assert.True(time.Time >= TimeSpan.Zero));
        backend.Reset();
        Assert.Empty(backend.Times);
        foreach (var matrix in (Matrix[])[input, weight, output])
        {
            backend.Free(matrix.Handle);
        }
    }
}
