namespace Beret.Tests;

/// <summary>The reference files (fixtures, models, data) that live beside the repository. A test that needs them is reported as skipped where they are absent.</summary>
public static class Shared
{
    private static readonly string? Root = Find();

    /// <summary>The full path of a file or folder below the reference root; skips the calling test when it does not exist.</summary>
    public static string Path(params string[] parts)
    {
        Assert.SkipWhen(Root is null, "the reference files are not here (set BERET_SHARED to their folder)");
        var path = System.IO.Path.Combine([Root!, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"{System.IO.Path.Combine(parts)} is not among the reference files");
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("BERET_SHARED") is { Length: > 0 } set)
        {
            return Directory.Exists(set) ? set : throw new DirectoryNotFoundException($"BERET_SHARED names {set}, which is not a folder");
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "shared", "fixtures");
            if (Directory.Exists(candidate))
            {
                return System.IO.Path.Combine(folder.FullName, "shared");
            }
        }

        return null;
    }
}
