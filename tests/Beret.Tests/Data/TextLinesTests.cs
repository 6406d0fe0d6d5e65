using System.Text;
using Beret.Data;

namespace Beret.Tests.Data;

public class TextLinesTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("one", new[] { "one" })]
    [InlineData("one\n", new[] { "one" })]
    [InlineData("one\r\ntwo\n\nfour", new[] { "one", "two", "", "four" })]
    [InlineData("a\rb\n", new[] { "a\rb" })]
    [InlineData("\uFEFFone\n\uFEFFtwo", new[] { "one", "\uFEFFtwo" })]
    [InlineData("größe 日本\U0001F600\n", new[] { "größe 日本\U0001F600" })]
    public async Task Lines_end_with_LF_or_CRLF(string text, string[] lines)
    {
        for (var chunk = 1; chunk < 5; chunk++)
        {
            Assert.Equal(lines, await Read(new Trickle(Encoding.UTF8.GetBytes(text), chunk)));
        }
    }

    [Fact]
    public async Task A_line_longer_than_the_buffer_is_whole()
    {
        var lines = new[] { "short", new string('x', 1_000_000), "short", new string('y', 200_000) };
        Assert.Equal(lines, await Read(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)))));
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_an_error_with_its_line()
    {
        var error = await Assert.ThrowsAsync<DataException>(() => Read(new MemoryStream([(byte)'a', (byte)'\n', (byte)'b', 0xFF, (byte)'\n'])));
        Assert.Contains("standard input, line 2: not UTF-8 (byte 0xFF at offset 1)", error.Message);
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    [InlineData(300_000, true)]
    public async Task A_line_longer_than_the_limit_is_an_error_with_its_number(int length, bool refused)
    {
        foreach (var end in new[] { "", "\n", "\r\n" })
        {
            var text = $"first\n{new string('x', length)}{end}";
            async Task<string[]> Act() => await Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), 100);
            if (refused)
            {
                Assert.Contains("line 2 is longer than 100 bytes", (await Assert.ThrowsAsync<DataException>(Act)).Message);
            }
            else
            {
                Assert.Equal(2, (await Act()).Length);
            }
        }
    }

    [Fact]
    public async Task A_line_without_end_takes_no_memory_beyond_the_limit() =>
        Assert.Contains("line 1 is longer than 1 MiB", (await Assert.ThrowsAsync<DataException>(() => Read(new Endless(), 1 << 20))).Message);

    [Fact]
    public async Task Lines_are_given_as_they_arrive()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var stream = new Trickle("one\ntwo\n"u8.ToArray(), 4, thenFail: true);
        await using var lines = TextLines.ReadAsync(stream, cancellationToken: cancellation).GetAsyncEnumerator(cancellation);
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal("one", lines.Current);
        Assert.True(await lines.MoveNextAsync());
        var error = await Assert.ThrowsAsync<DataException>(async () => await lines.MoveNextAsync());
        Assert.Contains("standard input cannot be read after line 2: gone", error.Message);
    }

    private static async Task<string[]> Read(Stream stream, int most = TextLines.DefaultMaxLineBytes)
    {
        var lines = new List<string>();
        await foreach (var line in TextLines.ReadAsync(stream, maxLineBytes: most, cancellationToken: TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }

        return [.. lines];
    }

    private sealed class Trickle(byte[] bytes, int chunk, bool thenFail = false) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            thenFail && Position == Length
                ? throw new IOException("gone")
                : base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }

    private sealed class Endless : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
