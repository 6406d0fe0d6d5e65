using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Beret.Numerics.Assembled;

/// <summary>What a tile works on. One pointer to it is the only argument of the code, so that the calling conventions differ in one register.</summary>
internal unsafe struct DotTileArguments
{
    /// <summary>A packed strip: for each unit of k, one of four bytes for each row.</summary>
    public float* A;

    /// <summary>A packed panel: for each unit of k, 32 of four bytes.</summary>
    public float* B;

    /// <summary>The tile of C: 32 sums of four bytes a row.</summary>
    public void* C;

    /// <summary>Bytes from a row of C to the next.</summary>
    public nint CStride;

    /// <summary>At least 1.</summary>
    public nint Units;

    /// <summary>Whether C is added to (1) or overwritten (0).</summary>
    public nint Accumulate;
}

/// <summary>
/// Writes the register tiles whose instructions .NET has no intrinsic for: R rows by 32 columns of C, each sum in a lane of its own, k ascending.
/// The counterpart of Tile.cs: 2 R accumulators, two vectors of the panel, and each row's unit broadcast into a further register.
/// </summary>
internal static class DotTile
{
    /// <summary>Tile heights; those that <see cref="Kernels.Tile.StripHeight"/> gives where there are 32 registers.</summary>
    public static ReadOnlySpan<int> Heights => [12, 8, 4, 1];

    private const int VectorBytes = 64;

    // Registers above this one belong to the callee on Windows, xmm6 to xmm15; 16 to 31 are free everywhere.
    private const int FirstKeptOnWindows = 6;

    /// <summary>Machine code that runs at any address.</summary>
    /// <param name="product">The arithmetic of a unit.</param>
    /// <param name="height">Rows of the tile.</param>
    /// <param name="windows">Whether for the calling convention of Windows instead of System V's.</param>
    public static byte[] Assemble(DotProduct product, int height, bool windows)
    {
        var code = new Assembler(64);
        var argument = windows ? rcx : rdi;
        var kept = windows ? KeptRegisters(height) : [];
        Save(code, kept);

        // a, b, c, step and units; rcx is read last where it holds the argument.
        code.mov(rax, __qword_ptr[argument]);
        code.mov(rdx, __qword_ptr[argument + 8]);
        code.mov(r8, __qword_ptr[argument + 16]);
        code.mov(r9, __qword_ptr[argument + 24]);
        code.mov(r10, __qword_ptr[argument + 32]);
        code.mov(r11, __qword_ptr[argument + 40]);

        var loop = code.CreateLabel("loop");
        Start(code, height, loop);
        code.Label(ref loop);
        code.vmovups(zmm0, __zmmword_ptr[rdx]);
        code.vmovups(zmm1, __zmmword_ptr[rdx + VectorBytes]);
        for (var row = 0; row < height; row++)
        {
            var unit = Vector(2 + row % 2);
            code.vpbroadcastd(unit, __dword_ptr[rax + row * 4]);
            for (var half = 0; half < 2; half++)
            {
                if (product == DotProduct.BFloat16)
                {
                    code.vdpbf16ps(Sum(row, half), unit, Vector(half));
                }
                else
                {
                    code.vpdpbusd(Sum(row, half), unit, Vector(half));
                }
            }
        }

        code.add(rax, height * 4);
        code.add(rdx, 2 * VectorBytes);
        code.dec(r10);
        code.jnz(loop);

        for (var row = 0; row < height; row++)
        {
            code.vmovups(__zmmword_ptr[r8], Sum(row, 0));
            code.vmovups(__zmmword_ptr[r8 + VectorBytes], Sum(row, 1));
            code.add(r8, r9);
        }

        Restore(code, kept);
        code.vzeroupper();
        code.ret();

        using var bytes = new MemoryStream();
        code.Assemble(new StreamCodeWriter(bytes), rip: 0);
        return bytes.ToArray();
    }

    /// <summary>The accumulators: zero, or what C holds.</summary>
    private static void Start(Assembler code, int height, Label loop)
    {
        for (var row = 0; row < height; row++)
        {
            code.vpxord(Sum(row, 0), Sum(row, 0), Sum(row, 0));
            code.vpxord(Sum(row, 1), Sum(row, 1), Sum(row, 1));
        }

        code.test(r11, r11);
        code.jz(loop);
        code.mov(r11, r8);
        for (var row = 0; row < height; row++)
        {
            code.vmovups(Sum(row, 0), __zmmword_ptr[r11]);
            code.vmovups(Sum(row, 1), __zmmword_ptr[r11 + VectorBytes]);
            code.add(r11, r9);
        }
    }

    /// <summary>Accumulators count down from the last register.</summary>
    private static AssemblerRegisterZMM Sum(int row, int half) => Vector(31 - 2 * row - half);

    private static AssemblerRegisterZMM Vector(int number) => new(Register.ZMM0 + number);

    private static int[] KeptRegisters(int height)
    {
        var lowest = 32 - 2 * height;
        return lowest >= 16 ? [] : [.. Enumerable.Range(Math.Max(lowest, FirstKeptOnWindows), 16 - Math.Max(lowest, FirstKeptOnWindows))];
    }

    private static void Save(Assembler code, int[] registers)
    {
        if (registers.Length == 0)
        {
            return;
        }

        code.sub(rsp, registers.Length * 16);
        for (var i = 0; i < registers.Length; i++)
        {
            code.vmovups(__xmmword_ptr[rsp + i * 16], new AssemblerRegisterXMM(Register.XMM0 + registers[i]));
        }
    }

    private static void Restore(Assembler code, int[] registers)
    {
        if (registers.Length == 0)
        {
            return;
        }

        for (var i = 0; i < registers.Length; i++)
        {
            code.vmovups(new AssemblerRegisterXMM(Register.XMM0 + registers[i]), __xmmword_ptr[rsp + i * 16]);
        }

        code.add(rsp, registers.Length * 16);
    }
}
