using Beret.Numerics;
using Beret.Tests.Numerics.Cases;

namespace Beret.Bench;

/// <summary>Every operation of the backend at the shapes of real models: the speed cases of the list that the tests check for correctness.</summary>
internal static class Operations
{
    public static void Run(Arguments arguments, string filter)
    {
        var peaks = Peaks.Measure(arguments);
        using var backend = CpuBackend.Create(arguments.Threads);
        foreach (var one in OpCases.For(Uses.Speed).Where(one => one.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            using var operands = new Operands(backend, one.Seed);
            var bound = one.Bind(operands);
            var times = Clock.Sample(bound.Run, arguments.Quick ? 0.02 : 0.5, arguments.Quick ? 3 : 9, operands.Restore);
            var measurement = new Measurement("op", Measurement.Ours, one.Name, Clock.Median(times), one.Work.Flops, one.Work.Bytes);
            arguments.Record(measurement, peaks.Share(measurement));
        }
    }
}
