using System.Text.RegularExpressions;

namespace Beret.Tests.Architecture;

/// <summary>House rules that can be read off the sources.</summary>
public partial class SourceRuleTests
{
    private const int LongestFile = 450;

    /// <summary>Where addresses are handled: kernels, the backends that own memory, and the one file that maps checkpoints.</summary>
    private static readonly string[] UnsafePlaces =
    [
        "src/Beret/Numerics/Kernels/",
        "src/Beret/Numerics/CpuBackend",
        "src/Beret/Numerics/Assembled/",
        "src/Beret/Numerics/Reference/ReferenceBackend.cs",
        "src/Beret/Numerics/RowQuantization.cs",
        "src/Beret/Numerics/Scratch.cs",
        "src/Beret/Numerics/WorkerPool.cs",
        "src/Beret/Numerics/ZeroedMemory.cs",
        "src/Beret/Checkpoints/MappedFile.cs",
        "bench/Beret.Bench/Triad.cs",
    ];

    /// <summary>Files that are long for a reason: one register tile for each height, each written out.</summary>
    private static readonly string[] LongFiles = ["src/Beret/Numerics/Kernels/Tile.cs"];

    private static readonly string[] Sources = ["src", "tests", "bench", "samples", "tools"];

    [Fact]
    public void Addresses_are_handled_only_in_kernels_backends_and_the_file_mapping()
    {
        var elsewhere = SourceFile.In("src", "bench", "samples", "tools")
            .Where(file => !UnsafePlaces.Any(place => file.Path.StartsWith(place, StringComparison.Ordinal)))
            .SelectMany(file => file.LinesWith(Unsafe()).Select(line => $"{file.Path}:{line}"));
        Assert.Equal([], elsewhere);
    }

    [Fact]
    public void Every_place_of_the_lists_is_there_and_needs_to_be_on_them()
    {
        var files = SourceFile.In(Sources).ToList();
        Assert.All(UnsafePlaces, place => Assert.Contains(files, file => file.Path.StartsWith(place, StringComparison.Ordinal) && file.LinesWith(Unsafe()).Any()));
        Assert.All(LongFiles, path => Assert.Contains(files, file => file.Path == path && file.Lines.Length > LongestFile));
    }

    [Fact]
    public void No_file_is_too_long_to_be_one_idea() =>
        Assert.Equal([], SourceFile.In(Sources)
            .Where(file => file.Lines.Length > LongestFile && !LongFiles.Contains(file.Path))
            .Select(file => $"{file.Path}: {file.Lines.Length} lines"));

    [Fact]
    public void Nothing_is_left_to_do_in_the_sources() =>
        Assert.Equal([], SourceFile.In(Sources)
            .SelectMany(file => file.Lines.Select((text, i) => (text, Place: $"{file.Path}:{i + 1}")))
            .Where(line => LeftToDo().IsMatch(line.text))
            .Select(line => line.Place));

    [Theory]
    [InlineData("    private static unsafe void Run(float* a)", true)]
    [InlineData("unsafe", true)]
    [InlineData("    // nothing unsafe here", false)]
    [InlineData("    content=\"style-src 'unsafe-inline'\"", false)]
    [InlineData("    style-src 'unsafe-inline'; img-src data:", false)]
    public void The_keyword_is_told_from_the_word(string line, bool isKeyword) =>
        Assert.Equal(isKeyword, new SourceFile("some.cs", [line]).LinesWith(Unsafe()).Any());

    [GeneratedRegex(@"\bunsafe\b(?!-)")]
    private static partial Regex Unsafe();

    // Written so that this line does not find itself.
    [GeneratedRegex(@"\b(TO" + "DO|FIX" + @"ME)\b")]
    private static partial Regex LeftToDo();
}
