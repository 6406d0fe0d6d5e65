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
}
