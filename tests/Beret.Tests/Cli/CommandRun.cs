using System.Text;
using Beret.Cli;

namespace Beret.Tests.Cli;

/// <summary>One run of the command within the test's process.</summary>
internal sealed record CommandRun(int Code, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task<CommandRun> Of(params string[] arguments) => WithInput("", arguments);

    public static async Task<CommandRun> WithInput(string input, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal { Output = output, Error = error, OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(input)) };
        var code = await BeretCommand.RunAsync(arguments, terminal, TestContext.Current.CancellationToken);
        return new CommandRun(code, output.ToString(), error.ToString());
    }
}
