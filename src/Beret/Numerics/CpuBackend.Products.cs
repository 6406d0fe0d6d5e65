using Beret.Numerics.Assembled;
using Beret.Numerics.Kernels;

namespace Beret.Numerics;

/// <content>Chooses the kernels of a product: by the arithmetic asked for, and whether this processor has an instruction for it.</content>
internal sealed unsafe partial class CpuBackend<V, S>
{
    private readonly ProductKernels single = ProductKernels.Of<SingleProduct<V, S>>();

    // The assembled tiles are as wide as those of 512-bit vectors, and take the place of these alone.
    private readonly ProductKernels bfloat16 = dotProducts && typeof(S) == typeof(Simd512) && DotProducts.AreThere(DotProduct.BFloat16)
        ? ProductKernels.Of<BFloat16Product>()
        : ProductKernels.Of<RoundedProduct<V, S>>();

    private readonly ProductKernels int8 = dotProducts && typeof(S) == typeof(Simd512) && DotProducts.AreThere(DotProduct.Int8)
        ? ProductKernels.Of<Int8Product>()
        : ProductKernels.Of<IntegerProduct<V, S>>();

    private ref readonly ProductKernels KernelsOf(ElementType arithmetic)
    {
        switch (arithmetic)
        {
            case ElementType.BFloat16:
                return ref bfloat16;
            case ElementType.Int8:
                return ref int8;
            default:
                return ref single;
        }
    }

    /// <summary>The blocked product for one arithmetic.</summary>
    private readonly struct ProductKernels
    {
        public readonly delegate*<WorkerPool, Scratch, in Product, void> Run;
        public readonly delegate*<WorkerPool, Scratch, in Product, float*, void> PackB;
        public readonly delegate*<int, int, long> PackedLength;

        private ProductKernels(
            delegate*<WorkerPool, Scratch, in Product, void> run,
            delegate*<WorkerPool, Scratch, in Product, float*, void> packB,
            delegate*<int, int, long> packedLength)
        {
            Run = run;
            PackB = packB;
            PackedLength = packedLength;
        }

        public static ProductKernels Of<P>()
            where P : IProduct => new(&Gemm<V, S, P>.Run, &Gemm<V, S, P>.PackB, &Gemm<V, S, P>.PackedLength);
    }
}
