using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using Beret.Cli.Commands;

namespace Beret.Cli;

/// <summary>The <c>beret</c> command: its verbs, and what they have in common (errors, exit codes, help).</summary>
internal static class BeretCommand
{
    /// <summary>The environment variable that shows where an unexpected error came from.</summary>
    private const string DebugVariable = "BERET_DEBUG";

    private static readonly (string Name, Func<Terminal, Command> Create)[] Verbs =
    [
        ("quickstart", QuickstartCommand.Create),
        ("train", terminal => TrainCommand.Create(terminal)),
        ("pretrain", terminal => PretrainCommand.Create(terminal)),
        ("distil", terminal => DistilCommand.Create(terminal)),
        ("reduce", ReduceCommand.Create),
        ("reproduce", ReproduceCommand.Create),
        ("evaluate", EvaluateCommand.Create),
        ("predict", PredictCommand.Create),
        ("serve", ServeCommand.Create),
        ("tokenize", TokenizeCommand.Create),
        ("vocab", VocabCommand.Create),
        ("parity", ParityCommand.Create),
        ("convert", ConvertCommand.Create),
        ("quantize", QuantizeCommand.Create),
        ("export", ExportCommand.Create),
        ("info", InfoCommand.Create),
        ("bench", BenchCommand.Create),
        ("models", ModelsCommand.Create),
        ("completions", CompletionsCommand.Create),
    ];

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            // All verbs together have a hundred options, which a program that is to start at once does not make for nothing.
            var verb = arguments is [var first, ..] && Verbs.Any(known => known.Name == first) ? first : null;
            var parsed = Create(terminal, verb).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0 && parsed.Action is not { ClearsParseErrors: true })
            {
                return Refuse(parsed, terminal);
            }

            var code = await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = terminal.Output,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancellation);
            await terminal.Output.FlushAsync(CancellationToken.None);
            return code;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Say("interrupted");
            return ExitCode.Interrupted;
        }
        catch (OutputClosedException)
        {
            return ExitCode.Ok;
        }
        catch (Exception error)
        {
            terminal.Say(error is BeretException ? error.Message : $"unexpected error ({error.GetType().Name}): {error.Message}");
            if (Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 })
            {
                terminal.Error.WriteLine(error);
            }

            return ExitCode.BadInput;
        }
    }

    /// <param name="terminal">What the verbs talk to.</param>
    /// <param name="verb">The only verb that is wanted; all of them if null.</param>
    public static RootCommand Create(Terminal terminal, string? verb = null)
    {
        var root = new RootCommand("Fine-tune, evaluate and run BERT text classifiers.");
        foreach (var (name, create) in Verbs)
        {
            if (verb is null || name == verb)
            {
                root.Add(create(terminal));
            }
        }

        root.HelpName = "beret";
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help } helpOption)
            {
                helpOption.Action = new HelpWithExamples(help);
            }
            else if (option is VersionOption version)
            {
                version.Action = new PrintVersion();
            }
        }

        return root;
    }

    private static int Refuse(ParseResult parsed, Terminal terminal)
    {
        var command = parsed.CommandResult.Command;
        if (command is RootCommand)
        {
            var verbs = string.Join(", ", command.Subcommands.Select(sub => sub.Name));
            terminal.Say(parsed.UnmatchedTokens is [var first, ..] ? $"there is no verb '{first}'; the verbs are {verbs}" : $"a verb is needed: {verbs}");
        }
        else
        {
            foreach (var error in parsed.Errors)
            {
                terminal.Say(error.Message);
            }
        }

        var verb = command is RootCommand ? "" : $" {command.Name}";
        terminal.Error.WriteLine($"Try 'beret{verb} --help'.");
        return ExitCode.BadInput;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var version = typeof(BeretCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
            parseResult.InvocationConfiguration.Output.WriteLine($"beret {version.Split('+')[0]}");
            return ExitCode.Ok;
        }
    }
}
