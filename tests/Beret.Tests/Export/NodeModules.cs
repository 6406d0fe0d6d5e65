using Beret.Onnx.Checks;

namespace Beret.Tests.Export;

/// <summary>The programs of npm that exports are held to. .ci/run installs them; a test that needs one is reported as skipped where it is not there.</summary>
internal static class NodeModules
{
    private static readonly string Folder = Environment.GetEnvironmentVariable(NodeRuntime.Variable) is { Length: > 0 } named ? named : Repository.Path("artifacts", "node");

    /// <summary>A runtime with the package; skips the calling test where there is none.</summary>
    public static NodeRuntime Require(string package)
    {
        var runtime = NodeRuntime.Find(package, Folder, out var reason);
        Assert.SkipWhen(runtime is null, reason);
        return runtime!;
    }

    /// <summary>The folder with node_modules; skips the calling test where the package is not in it.</summary>
    public static string FolderWith(string package)
    {
        Require(package);
        return Folder;
    }
}
