namespace Beret.Tests;

/// <summary>Files of the repository itself that tests read.</summary>
public static class Repository
{
    /// <summary>The full path of a file or folder below the repository's root.</summary>
    public static string Path(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Beret.slnx")))
        {
            folder = folder.Parent;
        }

        return System.IO.Path.Combine([folder?.FullName ?? throw new DirectoryNotFoundException("the tests run outside the repository"), .. parts]);
    }
}
