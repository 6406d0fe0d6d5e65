using System.Text;
using Beret.Server;
using Beret.Server.Protocols.TensorFlow;
using Beret.Server.Protocols.TensorFlow.Wire;
using Google.Protobuf;

namespace Beret.Tests.Server;

/// <summary>Strings in tensor_content, as TensorFlow's own C++ packs them: all lengths, then all bytes.</summary>
public sealed class PackedStringsTests
{
    private const int Most = 1024;

    [Fact]
    public void LengthsComeFirstAndBytesAfterThem()
    {
        Assert.Equal(["a movie", "", "grëat"], Read(3, [7, 0, 6, .. "a movie"u8, .. "grëat"u8]));
        Assert.Equal(["a"], TensorFlowTensors.Texts(Tensor([1, .. "a"u8]), Most));
        Assert.Equal(["a", "b"], TensorFlowTensors.Texts(Tensor([1, 1, .. "ab"u8], 2, 1), Most));
        Assert.Equal(["a\uFFFD"], Read(1, [2, (byte)'a', 0xFF]));
    }

    [Fact]
    public void ALengthOfSeveralBytesIsAVarint()
    {
        var text = new string('a', 300);
        Assert.Equal([text, "b"], Read(2, [0xAC, 0x02, 1, .. Encoding.UTF8.GetBytes(text), (byte)'b']));
        Assert.Equal(["a"], Read(1, [0x81, 0x80, 0x80, 0x80, 0x00, (byte)'a']));
    }

    [Fact]
    public void TheContentIsTakenBeforeTheValuesAsInTensorFlow()
    {
        var tensor = Tensor([1, .. "a"u8], 1);
        tensor.StringVal.Add(ByteString.CopyFromUtf8("b"));
        Assert.Equal(["a"], TensorFlowTensors.Texts(tensor, Most));
    }

    [Theory]
    [InlineData(1, new byte[] { 2, (byte)'a' })]
    [InlineData(1, new byte[] { 1, (byte)'a', (byte)'b' })]
    [InlineData(0, new byte[] { 0 })]
    [InlineData(2, new byte[] { 1, 1, (byte)'a' })]
    [InlineData(2, new byte[] { 1, (byte)'a' })]
    [InlineData(1, new byte[] { 0x80 })]
    [InlineData(1, new byte[] { 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, (byte)'a' })]
    [InlineData(1, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, (byte)'a' })]
    [InlineData(1, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, (byte)'a' })]
    [InlineData(3, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, (byte)'a' })]
    [InlineData(long.MaxValue, new byte[] { 1, (byte)'a' })]
    public void WhatIsNotThatManyStringsIsRefused(long count, byte[] content)
    {
        var error = Assert.Throws<ServingException>(() => Read(count, content));
        Assert.Equal(ServingError.InvalidArgument, error.Error);
        Assert.StartsWith($"tensor parsing error: tensor_content does not hold the {count} strings of the tensor's shape", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreTextsThanTheServerTakesAreRefusedBeforeTheyAreRead()
    {
        var error = Assert.Throws<ServingException>(() => Read(Most + 1, new byte[Most + 1]));
        Assert.Equal((ServingError.TooLarge, "the request has 1025 texts; the server takes 1024 at once"), (error.Error, error.Message));
    }

    [Fact]
    public void AnythingIsReadOrRefused()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var content = new byte[random.Next(1, 20)];
            random.NextBytes(content);
            content[0] &= 0x0F;
            var count = random.Next(0, 4);
            try
            {
                Assert.Equal(count, Read(count, content).Count);
            }
            catch (ServingException error)
            {
                Assert.Equal(ServingError.InvalidArgument, error.Error);
            }
        }
    }

    private static List<string> Read(long count, byte[] content) => TensorFlowTensors.Texts(Tensor(content, count), Most);

    private static TensorProto Tensor(byte[] content, params long[] shape) =>
        new() { Dtype = DataType.DtString, TensorShape = TensorFlowTensors.Shape(shape), TensorContent = ByteString.CopyFrom(content) };
}
