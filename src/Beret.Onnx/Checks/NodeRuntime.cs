using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Beret.Onnx.Checks;

/// <summary>node with npm's onnxruntime-node beside it, or @huggingface/transformers: other programs to hold an export to.</summary>
internal sealed class NodeRuntime
{
    /// <summary>The environment variable that names a folder with node_modules.</summary>
    public const string Variable = "BERET_NODE_MODULES";

    public const string OnnxRuntime = "onnxruntime-node";

    public const string Transformers = "@huggingface/transformers";

    private static readonly Lazy<string> Script = new(() =>
    {
        using var reader = new StreamReader(typeof(NodeRuntime).Assembly.GetManifestResourceStream("Beret.Onnx.check.cjs")!, Encoding.UTF8);
        return reader.ReadToEnd();
    });

    private readonly string folder;

    private NodeRuntime(string folder) => this.folder = folder;

    /// <summary>Finds a package in a folder's node_modules: of the given folder, else of the one that the environment names, else of the working directory.</summary>
    /// <param name="package">Its name.</param>
    /// <param name="folder">Where to look first and last; null where nobody said.</param>
    /// <param name="reason">Why there is none.</param>
    public static NodeRuntime? Find(string package, string? folder, out string reason)
    {
        var place = folder ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Environment.CurrentDirectory);
        place = Path.GetFileName(Path.TrimEndingDirectorySeparator(place)) == "node_modules" ? Path.GetDirectoryName(Path.GetFullPath(place))! : place;
        if (!Directory.Exists(Path.Combine(place, "node_modules", package)))
        {
            reason = $"{Path.Combine(place, "node_modules")} has no {package} (npm install {package}; --check-with or {Variable} names the folder)";
            return null;
        }

        if (NodeVersion() is null)
        {
            reason = "there is no node on the path";
            return null;
        }

        reason = "";
        return new NodeRuntime(Path.GetFullPath(place));
    }

    /// <summary>The answer to a request.</summary>
    /// <exception cref="OnnxException">The program ended with an error: it cannot run the model.</exception>
    public JsonElement Ask(JsonObject request)
    {
        using var process = Start(["-e", Script.Value], folder);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using (var input = new StreamWriter(process.StandardInput.BaseStream, new UTF8Encoding(false)))
        {
            input.Write(request.ToJsonString());
        }

        process.WaitForExit();
        var answer = output.GetAwaiter().GetResult();
        return process.ExitCode == 0 ? JsonDocument.Parse(answer).RootElement.Clone()
            : throw new OnnxException($"node cannot run the model that was written: {error.GetAwaiter().GetResult().Trim()}");
    }

    private static string? NodeVersion()
    {
        try
        {
            using var process = Start(["--version"], Environment.CurrentDirectory);
            process.StandardInput.Close();
            var version = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? version.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static Process Start(IEnumerable<string> arguments, string folder) => Process.Start(new ProcessStartInfo("node", arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        StandardOutputEncoding = Encoding.UTF8,
    })!;
}
