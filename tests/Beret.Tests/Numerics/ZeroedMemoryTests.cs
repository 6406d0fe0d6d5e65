using Beret.Numerics;

namespace Beret.Tests.Numerics;

/// <summary>The memory of matrices: zeros, aligned for the widest vectors, whatever lay there before.</summary>
public class ZeroedMemoryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData((4 << 20) - 1)]
    [InlineData((4 << 20) + 12)]
    [InlineData(9_000_001)]
    public void ABlockIsZeroAndAlignedAlsoWhereOneWasGivenBackBefore(int bytes)
    {
        using var backend = CpuBackend.Create(1);
        for (var round = 0; round < 3; round++)
        {
            var block = backend.Allocate(bytes);
            var matrix = new Matrix(block, 1, bytes / sizeof(float));
            var values = new float[matrix.Length];
            backend.Read(matrix, values);
            Assert.Equal(0, block % 64);
            Assert.DoesNotContain(values, value => value != 0);
            Array.Fill(values, 1);
            backend.Write(values, matrix);
            backend.Free(block);
        }
    }

    [Fact]
    public void WhatIsDiscardedLeavesItsNeighboursAloneAndCanBeWrittenAgain()
    {
        const int Rows = 40, Columns = 1000;
        using var backend = CpuBackend.Create(1);
        var block = backend.Allocate(Rows * Columns * sizeof(float));
        var matrix = new Matrix(block, Rows, Columns);
        var values = new float[matrix.Length];
        Array.Fill(values, 1);
        backend.Write(values, matrix);
        var part = matrix.RowRange(3, 30);
        backend.Discard(part);
        backend.Read(matrix, values);
        Assert.All(values[..(3 * Columns)], value => Assert.Equal(1, value));
        Assert.All(values[(33 * Columns)..], value => Assert.Equal(1, value));

        var other = new float[part.Length];
        Array.Fill(other, 2);
        backend.Write(other, part);
        backend.Read(part, other);
        Assert.All(other, value => Assert.Equal(2, value));
        backend.Free(block);
    }
}
