using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Beret.Cli;

/// <summary>A verb with the examples that its help shows.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>What its help says beyond the description; "" for nothing.</summary>
    public string Details { get; set; } = "";

    public IReadOnlyList<string> Examples => examples;

    /// <summary>
    /// What the verb does. A signal ends it at once, unless it asks to end by itself: then it sees the token and finishes what it has to.
    /// </summary>
    public void Runs(Func<ParseResult, CancellationToken, Task<int>> body, bool endsByItself = false) => Runs(body, _ => endsByItself);

    /// <summary>The same, where the arguments say whether it ends by itself.</summary>
    public void Runs(Func<ParseResult, CancellationToken, Task<int>> body, Func<ParseResult, bool> endsByItself) => SetAction(
        (arguments, cancellation) => endsByItself(arguments) ? body(arguments, cancellation) : Task.Run(() => body(arguments, cancellation)).WaitAsync(cancellation));
}

/// <summary>Help with examples.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var result = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            if (verb.Details.Length > 0)
            {
                output.WriteLine(verb.Details);
                output.WriteLine();
            }

            output.WriteLine("Examples:");
            foreach (var example in verb.Examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return result;
    }
}
