using System.Collections.Concurrent;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>Every operation of every fast backend, on every case of <see cref="OpCases"/>.</summary>
public class FastBackendTests
{
    private static readonly ConcurrentDictionary<string, IReadOnlyList<Output>> Truth = new();

    /// <summary>Each fast backend with each operation.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Operations =>
        from backend in Backends.FastNames
        from operation in OpCases.For(Uses.Comparison).Select(one => one.Operation).Distinct()
        select new TheoryDataRow<string, string>(backend, operation);

    [Theory]
    [MemberData(nameof(Operations))]
    public void Agrees_with_the_reference(string backend, string operation)
    {
        using var reference = Backends.Reference();
        using var fast = Backends.Create(backend);
        var differences = Cases(operation)
            .Select(one => one.Difference(Truth.GetOrAdd(one.Name, _ => one.RunOn(reference)), one.RunOn(fast)))
            .OfType<string>()
            .ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(10)));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Gives_the_same_bits_with_any_number_of_threads(string backend, string operation)
    {
        using var alone = Backends.Create(backend, 1);
        using var two = Backends.Create(backend, 2);
        using var three = Backends.Create(backend, 3);
        foreach (var one in Cases(operation))
        {
            var expected = Bits(one.RunOn(alone));
            Assert.True(expected.SequenceEqual(Bits(one.RunOn(two))), $"{one.Name}: two threads");
            Assert.True(expected.SequenceEqual(Bits(one.RunOn(three))), $"{one.Name}: three threads");
        }
    }

    private static IEnumerable<OpCase> Cases(string operation) => OpCases.For(Uses.Comparison).Where(one => one.Operation == operation);

    private static IEnumerable<long> Bits(IReadOnlyList<Output> outputs) => outputs.SelectMany(output => output.Values).Select(BitConverter.DoubleToInt64Bits);
}
