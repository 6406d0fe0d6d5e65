using Beret.Numerics;
using Beret.Numerics.Reference;

namespace Beret.Tests.Numerics;

/// <summary>The backends under test.</summary>
internal static class Backends
{
    /// <summary>Each fast backend and how it is made with a number of threads.</summary>
    public static IEnumerable<(string Name, Func<int, IBackend> Create)> Fast { get; } =
        [.. InstructionSets.Supported.Select(set => (set.ToString(), new Func<int, IBackend>(threads => CpuBackend.Create(threads, set))))];

    public static IEnumerable<string> FastNames => Fast.Select(backend => backend.Name);

    public static IBackend Create(string name, int threads = 1) => Fast.First(backend => backend.Name == name).Create(threads);

    public static IBackend Reference() => new ReferenceBackend();
}
