using Beret.Numerics;
using Beret.Numerics.Assembled;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>The products in bf16 and int8: the bits of the reference backend's loops on every instruction set, with and without dot product instructions.</summary>
public class LowPrecisionTests
{
    // Around the sizes of units, tiles and blocks (768 and 1536 k), and those with a k left over.
    private static readonly (int Tokens, int Outputs, int Inputs)[] Sizes =
        [(1, 1, 1), (1, 33, 2), (3, 32, 3), (4, 31, 5), (5, 64, 7), (13, 40, 64), (30, 70, 385), (26, 33, 771), (9, 20, 1539), (100, 3, 12), (2, 5, 3075)];

    public static TheoryData<string, bool, string> Cases => Of(ElementType.BFloat16, ElementType.Int8);

    public static TheoryData<string, bool> CasesOfGradients => [.. Of(ElementType.BFloat16).Select(row => (row.Data.Item1, row.Data.Item2))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_Linear_has_the_bits_of_the_reference(string set, bool dotProducts, string type)
    {
        var arithmetic = Enum.Parse<ElementType>(type);
        using var reference = Backends.Reference();
        foreach (var threads in (int[])[1, 3])
        {
            using var backend = CpuBackend.Create(threads, Enum.Parse<InstructionSet>(set), dotProducts);
            foreach (var size in Sizes)
            {
                var expected = Compute(reference, packs: false);
                Assert.Equal(expected, Compute(backend, packs: false));
                Assert.Equal(expected, Compute(backend, packs: true));

                float[] Compute(IBackend on, bool packs)
                {
                    using var operands = new Operands(on, 5);
                    var (input, weight) = (operands.Input(size.Tokens, size.Inputs, strided: true), operands.Input(size.Outputs, size.Inputs));
                    var (bias, output) = (operands.Input(1, size.Outputs), operands.Scratch(size.Tokens, size.Outputs));
                    var packed = packs ? operands.Scratch(1, (int)on.PackedLength(size.Outputs, size.Inputs, arithmetic)) : Matrix.None;
                    if (packs)
                    {
                        on.PackWeight(weight, packed, arithmetic);
                    }

                    on.Linear(input, weight, packed, bias, Activation.None, Matrix.None, output, arithmetic);
                    operands.CheckUntouched();
                    return operands.Read(output);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_alone_has_the_bits_it_has_among_others(string set, bool dotProducts, string type)
    {
        var arithmetic = Enum.Parse<ElementType>(type);
        using var backend = CpuBackend.Create(2, Enum.Parse<InstructionSet>(set), dotProducts);
        using var operands = new Operands(backend, 6);
        const int Tokens = 130;
        var (input, weight) = (operands.Input(Tokens, 100), operands.Input(70, 100));
        var (output, alone) = (operands.Scratch(Tokens, 70), operands.Scratch(Tokens, 70));
        backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.Gelu, Matrix.None, output, arithmetic);
        for (var (first, count) = (0, 1); first < Tokens; first += count, count = Math.Min(count + 1, Tokens - first))
        {
            backend.Linear(
                input.RowRange(first, count), weight, Matrix.None, Matrix.None, Activation.Gelu, Matrix.None, alone.RowRange(first, count), arithmetic);
        }

        Assert.Equal(operands.Read(output), operands.Read(alone));
    }

    [Theory]
    [MemberData(nameof(CasesOfGradients))]
    public void Gradients_in_bf16_have_the_bits_of_the_reference(string set, bool dotProducts)
    {
        using var reference = Backends.Reference();
        foreach (var threads in (int[])[1, 3])
        {
            using var backend = CpuBackend.Create(threads, Enum.Parse<InstructionSet>(set), dotProducts);
            foreach (var size in Sizes)
            {
                foreach (var accumulate in (bool[])[false, true])
                {
                    var (inputs, weights) = Compute(backend);
                    var (expectedInputs, expectedWeights) = Compute(reference);
                    Assert.Equal(expectedInputs, inputs);
                    Assert.Equal(expectedWeights, weights);

                    (float[], float[]) Compute(IBackend on)
                    {
                        using var operands = new Operands(on, 7);
                        var (input, weight) = (operands.Input(size.Tokens, size.Inputs, strided: true), operands.Input(size.Outputs, size.Inputs));
                        var outputGradient = operands.Input(size.Tokens, size.Outputs, strided: true);
                        var inputGradient = operands.Gradient("input", size.Tokens, size.Inputs, accumulate);
                        var weightGradient = operands.InOut("weight", size.Outputs, size.Inputs);
                        on.LinearInputGradient(outputGradient, weight, inputGradient, accumulate, ElementType.BFloat16);
                        on.LinearWeightGradient(outputGradient, input, weightGradient, Matrix.None, ElementType.BFloat16);
                        operands.CheckUntouched();
                        return (operands.Read(inputGradient), operands.Read(weightGradient));
                    }
                }
            }
        }
    }

    private static TheoryData<string, bool, string> Of(params ElementType[] types)
    {
        var data = new TheoryData<string, bool, string>();
        foreach (var set in InstructionSets.Supported)
        {
            foreach (var type in types)
            {
                data.Add(set.ToString(), false, type.ToString());
                if (set == InstructionSet.Vector512 && DotProducts.AreThere(type == ElementType.Int8 ? DotProduct.Int8 : DotProduct.BFloat16))
                {
                    data.Add(set.ToString(), true, type.ToString());
                }
            }
        }

        return data;
    }
}
