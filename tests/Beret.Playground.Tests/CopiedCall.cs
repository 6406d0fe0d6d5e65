using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;

namespace Beret.Playground.Tests;

/// <summary>Runs a call that was copied from the page, as who pasted it would.</summary>
internal static class CopiedCall
{
    /// <summary>The server's answer; skips the calling test where there is nothing that runs the language.</summary>
    public static async Task<JsonNode> RunAsync(string language, string call)
    {
        using var folder = new TemporaryFolder();
        return JsonNode.Parse(await (language switch
        {
            "curl" => OutputOf("sh", folder.Write("call.sh", call)),
            "Python" => OutputOf("python3", folder.Write("call.py", call)),
            // A file that is a program. What it is compiled to may be interpreted: that needs no other compiler.
            "C#" => OutputOf("dotnet", "run", folder.Write("call.cs", $"#:property PublishAot=false\n{call}")),
            _ => throw new ArgumentOutOfRangeException(nameof(language), language, "not a language of the page"),
        }))!;
    }

    private static async Task<string> OutputOf(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(arguments[^1])! };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            Assert.Skip($"there is no {program} to run the copied call with");
        }

        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {output}{await errors}");
        return output;
    }
}
