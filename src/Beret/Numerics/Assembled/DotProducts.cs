using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics.Assembled;

/// <summary>The sums of products that one instruction adds to each lane of four bytes.</summary>
internal enum DotProduct
{
    /// <summary>Two products of bfloat16, added one after the other to a float (AVX512_BF16, vdpbf16ps).</summary>
    BFloat16,

    /// <summary>Four products of an unsigned by a signed byte, added to an int (AVX512_VNNI, vpdpbusd).</summary>
    Int8,
}

/// <summary>The assembled tiles that this processor can run.</summary>
internal static unsafe class DotProducts
{
    /// <summary>Set to <c>off</c>, it keeps the process from making code; the same numbers are then computed with float instructions.</summary>
    public const string Variable = "BERET_DOT_PRODUCTS";

    // By the height of the tile.
    private static readonly nint[] BFloat16Code = new nint[13];
    private static readonly nint[] Int8Code = new nint[13];

    private static readonly Lazy<bool> BFloat16Tiles = new(() => Has(DotProduct.BFloat16) && Place(DotProduct.BFloat16, BFloat16Code));
    private static readonly Lazy<bool> Int8Tiles = new(() => Has(DotProduct.Int8) && Place(DotProduct.Int8, Int8Code));

    /// <summary>Whether there are tiles for the product: the processor has the instruction and the system lets code be made.</summary>
    public static bool AreThere(DotProduct product) => product == DotProduct.BFloat16 ? BFloat16Tiles.Value : Int8Tiles.Value;

    /// <summary>Runs a tile of bfloat16 pairs. Only where <see cref="AreThere"/>.</summary>
    public static void RunBFloat16(int height, DotTileArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<DotTileArguments*, void>)BFloat16Code[height])(arguments);

    /// <summary>Runs a tile of byte quadruples. Only where <see cref="AreThere"/>.</summary>
    public static void RunInt8(int height, DotTileArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<DotTileArguments*, void>)Int8Code[height])(arguments);

    /// <summary>Whether the processor has the instruction (Intel's manual, CPUID leaf 7) and the environment does not rule it out.</summary>
    private static bool Has(DotProduct product)
    {
        if (!Avx512F.X64.IsSupported || Environment.GetEnvironmentVariable(Variable) == "off")
        {
            return false;
        }

        var (highest, _, _, _) = X86Base.CpuId(0, 0);
        if (highest < 7)
        {
            return false;
        }

        var (subleaves, _, ecx, _) = X86Base.CpuId(7, 0);
        if (product == DotProduct.Int8)
        {
            return (ecx & 1 << 11) != 0;
        }

        return subleaves >= 1 && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;
    }

    private static bool Place(DotProduct product, nint[] code)
    {
        foreach (var height in DotTile.Heights)
        {
            code[height] = ExecutableMemory.Place(DotTile.Assemble(product, height, OperatingSystem.IsWindows()));
            if (code[height] == 0)
            {
                return false;
            }
        }

        return true;
    }
}
