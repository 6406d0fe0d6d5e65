using System.Text.RegularExpressions;

namespace Beret.Tests.Architecture;

/// <summary>A source file, as far as the rules look at it.</summary>
/// <param name="Path">Below the repository, with forward slashes.</param>
internal sealed partial record SourceFile(string Path, string[] Lines)
{
    private static readonly Regex Qualified = new(
        $@"\bBeret\.({string.Join('|', Layers.Allowed.Keys.Where(name => name != "").OrderByDescending(name => name.Length).Select(Regex.Escape))})\b");

    /// <summary>All C# files that are kept in some folders of the repository.</summary>
    public static IEnumerable<SourceFile> In(params string[] folders)
    {
        var root = Repository.Path();
        return
            from folder in folders
            from file in Directory.EnumerateFiles(System.IO.Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)
            let path = System.IO.Path.GetRelativePath(root, file).Replace('\\', '/')
            where !path.Split('/').Any(part => part is "bin" or "obj")
            orderby path
            select new SourceFile(path, File.ReadAllLines(file));
    }

    /// <summary>The namespaces of the library that using directives and qualified names mention. Constants leave no other trace: the compiler copies them.</summary>
    public IEnumerable<Reference> References()
    {
        var from = Lines.Select(line => Declaration().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value ?? "";
        for (var i = 0; i < Lines.Length; i++)
        {
            foreach (Match name in Qualified.Matches(Using().IsMatch(Lines[i]) ? Lines[i] : Code(Lines[i])))
            {
                yield return new Reference($"{Path}:{i + 1}", from, name.Value);
            }
        }
    }

    /// <summary>The numbers of the lines whose code has a word in it.</summary>
    public IEnumerable<int> LinesWith(Regex word) => from i in Enumerable.Range(0, Lines.Length) where word.IsMatch(Code(Lines[i])) select i + 1;

    /// <summary>A line without its comment and without what stands in quotes.</summary>
    private static string Code(string line) => line.TrimStart().StartsWith("namespace ", StringComparison.Ordinal) ? "" : Quoted().Replace(line, "\"\"").Split("//")[0];

    [GeneratedRegex(@"^namespace ([\w.]+);")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^(global )?using ")]
    private static partial Regex Using();

    [GeneratedRegex("""
        "([^"\\]|\\.)*"
        """)]
    private static partial Regex Quoted();
}
