using Beret.Numerics.Assembled;
using Iced.Intel;

namespace Beret.Tests.Numerics.Assembled;

/// <summary>The assembled tiles, read back by a disassembler.</summary>
public class DotTileTests
{
    [Fact]
    public void The_lowest_tile_is_this_page()
    {
        string[] expected =
        [
            "mov rax,[rdi]", "mov rdx,[rdi+8]", "mov r8,[rdi+10]", "mov r9,[rdi+18]", "mov r10,[rdi+20]", "mov r11,[rdi+28]",
            "vpxord zmm31,zmm31,zmm31", "vpxord zmm30,zmm30,zmm30",
            "test r11,r11", "je short LOOP",
            "mov r11,r8", "vmovups zmm31,[r11]", "vmovups zmm30,[r11+40]", "add r11,r9",
            "LOOP vmovups zmm0,[rdx]", "vmovups zmm1,[rdx+40]",
            "vpbroadcastd zmm2,[rax]", "vdpbf16ps zmm31,zmm2,zmm0", "vdpbf16ps zmm30,zmm2,zmm1",
            "add rax,4", "add rdx,80", "dec r10", "jne short LOOP",
            "vmovups [r8],zmm31", "vmovups [r8+40],zmm30", "add r8,r9",
            "vzeroupper", "ret",
        ];
        Assert.Equal(expected, Disassemble(DotTile.Assemble(DotProduct.BFloat16, 1, windows: false)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    public void A_tile_adds_each_row_to_two_vectors_of_its_own(int height)
    {
        foreach (var (product, mnemonic) in ((DotProduct, Mnemonic)[])[(DotProduct.BFloat16, Mnemonic.Vdpbf16ps), (DotProduct.Int8, Mnemonic.Vpdpbusd)])
        {
            foreach (var windows in (bool[])[false, true])
            {
                var code = Decode(DotTile.Assemble(product, height, windows));
                var sums = code.Where(instruction => instruction.Mnemonic == mnemonic).ToList();
                Assert.Equal(2 * height, sums.Count);
                Assert.Equal(2 * height, sums.Select(instruction => instruction.Op0Register).Distinct().Count());

                // The broadcast unit is the first factor: the one that vpdpbusd takes as unsigned.
                Assert.All(sums, instruction => Assert.True(instruction.Op1Register is Register.ZMM2 or Register.ZMM3));
                Assert.All(sums, instruction => Assert.True(instruction.Op2Register is Register.ZMM0 or Register.ZMM1));
                Assert.DoesNotContain(code, instruction => instruction.IsInvalid);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    public void What_belongs_to_the_caller_on_Windows_is_put_back(int height)
    {
        var code = Decode(DotTile.Assemble(DotProduct.Int8, height, windows: true));
        Assert.Equal(Register.RCX, code.First(instruction => instruction.Mnemonic == Mnemonic.Mov).MemoryBase);

        var written = code.Where(instruction => instruction.Op0Kind == OpKind.Register).Select(instruction => instruction.Op0Register).ToHashSet();
        var kept = Enumerable.Range(6, 10).Where(number => written.Contains(Register.ZMM0 + number)).ToList();
        var saved = Places(code, saves: true);
        var restored = Places(code, saves: false);
        Assert.Equal(kept, saved.Keys.Order());
        Assert.Equal(saved.OrderBy(pair => pair.Key), restored.OrderBy(pair => pair.Key));
        Assert.Equal(saved.Count, saved.Values.Distinct().Count());

        var frame = (ulong)saved.Count * 16;
        Assert.All(saved.Values, place => Assert.True(place + 16 <= frame));
        Assert.Equal(frame > 0 ? frame : null, StackChange(code, Mnemonic.Sub));
        Assert.Equal(frame > 0 ? frame : null, StackChange(code, Mnemonic.Add));

        // No register that a callee has to keep, on either system.
        Register[] free = [Register.RAX, Register.RCX, Register.RDX, Register.R8, Register.R9, Register.R10, Register.R11, Register.RSP];
        Assert.All(written.Where(register => register.IsGPR64()), register => Assert.Contains(register, free));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public void Nothing_is_put_aside_where_the_caller_keeps_no_vectors(int height) =>
        Assert.DoesNotContain(Decode(DotTile.Assemble(DotProduct.BFloat16, height, windows: false)), instruction => instruction.MemoryBase == Register.RSP);

    [Fact]
    public unsafe void Code_is_executable_and_no_longer_writable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "reads /proc, runs x64 code");

        // mov eax, 42; ret
        var place = ExecutableMemory.Place([0xB8, 42, 0, 0, 0, 0xC3]);
        Assert.Equal(42, ((delegate* unmanaged<int>)place)());
        var mapping = File.ReadLines("/proc/self/maps").Single(line =>
        {
            var range = line[..line.IndexOf(' ', StringComparison.Ordinal)].Split('-').Select(end => Convert.ToInt64(end, 16)).ToArray();
            return range[0] <= place && place < range[1];
        });
        Assert.Contains(" r-xp ", mapping);
    }

    private static ulong? StackChange(List<Instruction> code, Mnemonic mnemonic)
    {
        var changes = code.Where(instruction => instruction.Mnemonic == mnemonic && instruction.Op0Register == Register.RSP).ToList();
        return changes.Count == 0 ? null : Assert.Single(changes).GetImmediate(1);
    }

    private static Dictionary<int, ulong> Places(List<Instruction> code, bool saves) => code
        .Where(instruction => instruction.MemoryBase == Register.RSP && instruction.Op0Kind == (saves ? OpKind.Memory : OpKind.Register))
        .ToDictionary(instruction => (saves ? instruction.Op1Register : instruction.Op0Register) - Register.XMM0, instruction => instruction.MemoryDisplacement64);

    private static List<Instruction> Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }

    private static List<string> Disassemble(byte[] code)
    {
        var formatter = new NasmFormatter(new FormatterOptions { SpaceAfterOperandSeparator = false });
        var instructions = Decode(code);
        var target = instructions.First(instruction => instruction.FlowControl == FlowControl.ConditionalBranch).NearBranchTarget;
        var text = new StringOutput();
        return [.. instructions.Select(instruction =>
        {
            formatter.Format(instruction, text);
            var line = text.ToStringAndReset();
            if (instruction.FlowControl == FlowControl.ConditionalBranch)
            {
                Assert.Equal(target, instruction.NearBranchTarget);
                line = line[..line.LastIndexOf(' ')] + " LOOP";
            }

            return instruction.IP == target ? $"LOOP {line}" : line;
        })];
    }
}
