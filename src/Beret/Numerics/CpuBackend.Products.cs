using Beret.Numerics.Assembled;
using Beret.Numerics.Kernels;

namespace Beret.Numerics;

/// <content>Chooses the kernels of a product: by the arithmetic asked for, and whether this processor has an instruction for it.</content>
internal sealed unsafe partial class CpuBackend<V, S>
{
    private readonly ProductKernels single = ProductKernels.Of<SingleProduct<V, S>>();

    // Chosen when they are first asked for: a program that computes in fp32 assembles nothing.
    private readonly Lazy<ProductKernels> bfloat16 = new(() => Has(dotProducts, DotProduct.BFloat16)
        ? ProductKernels.Of<BFloat16Product>()
        : ProductKernels.Of<RoundedProduct<V, S>>());

    private readonly Lazy<ProductKernels> int8 = new(() => Has(dotProducts, DotProduct.Int8)
        ? ProductKernels.Of<Int8Product>()
        : ProductKernels.Of<IntegerProduct<V, S>>());

    private ProductKernels KernelsOf(ElementType arithmetic) => arithmetic switch
    {
        ElementType.BFloat16 => bfloat16.Value,
        ElementType.Int8 => int8.Value,
        _ => single,
    };

    /// <summary>The assembled tiles are as wide as those of 512-bit vectors, and take the place of these alone.</summary>
    private static bool Has(bool allowed, DotProduct product) => allowed && typeof(S) == typeof(Simd512) && DotProducts.AreThere(product);

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
