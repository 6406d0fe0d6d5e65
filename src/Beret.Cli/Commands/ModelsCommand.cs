using System.CommandLine;
using System.CommandLine.Completions;
using Beret.Hub;

namespace Beret.Cli.Commands;

/// <summary><c>beret models</c>: which models are known by name; <c>beret models pull</c>: downloads them.</summary>
internal static class ModelsCommand
{
    public static Command Create(Terminal terminal)
    {
        var filter = CommonOptions.Path("FILTER", "Only models whose name or family holds this text");
        filter.Arity = ArgumentArity.ZeroOrOne;

        // Else it would stand in the help of pull as well, where it means nothing.
        filter.Hidden = true;
        var json = CommonOptions.Json("Print the models as JSON");
        var verb = new Verb(
            "models",
            "List the models that are known by name, or download some.",
            "beret models",
            "beret models small",
            "beret models --json",
            "beret models pull small_bert/bert_en_uncased_L-4_H-512_A-8")
        {
            filter, json, CreatePull(terminal),
        };
        verb.Details =
            """
            With a text, only those that have it in their name or family. Where a model is wanted, any other
            owner/name of Hugging Face works as well, and so does a folder or an archive of one.
            """;
        verb.Runs((arguments, _) =>
        {
            var text = arguments.GetValue(filter);
            var entries = text is null ? ModelCatalogue.Entries : ModelCatalogue.Search(text);
            if (entries.Count == 0)
            {
                throw new BeretException($"no known model has '{text}' in its name; names that are like it: {string.Join(", ", ModelCatalogue.Nearest(text!))}");
            }

            using var downloader = new Downloader();
            var table = new ModelTable(entries, new ModelHub(downloader).FindCached, downloader.Folder);
            terminal.Output.Write(arguments.GetValue(json) ? table.ToJson() : table.ToText());
            return Task.FromResult(ExitCode.Ok);
        });
        return verb;
    }

    private static Verb CreatePull(Terminal terminal)
    {
        var names = CommonOptions.Paths("NAME", "Models: names, addresses of TensorFlow Hub, or owner/name of Hugging Face");
        names.CompletionSources.Add(_ => ModelCatalogue.Entries.Select(entry => new CompletionItem(entry.ShortName)));
        var verb = new Verb(
            "pull",
            "Download models into the cache, and print their folders.",
            "beret models pull all-MiniLM-L6-v2",
            "beret models pull albert_en_base electra_small",
            "beret models pull https://tfhub.dev/tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8/1",
            "HF_ENDPOINT=https://hub.example.org beret models pull distilbert-base-uncased")
        {
            names,
        };
        verb.Details =
            """
            What is in the cache already is not downloaded again, and what broke off is continued.
            BERET_CACHE          the cache's folder
            BERET_HUB_URL        a mirror of Hugging Face (or HF_ENDPOINT)
            HF_TOKEN             a token, for private and gated models (or the file that hf auth login writes)
            HF_HOME              Hugging Face's own folder, in whose cache models are looked up (or HF_HUB_CACHE)
            BERET_OFFLINE=1      download nothing (or HF_HUB_OFFLINE=1)
            HTTPS_PROXY          a proxy
            """;
        verb.Runs(async (arguments, cancellation) =>
        {
            // One that fails does not keep the others from coming.
            var code = ExitCode.Ok;
            foreach (var name in arguments.GetRequiredValue(names))
            {
                try
                {
                    terminal.Output.WriteLine((await Sources.ResolveModelAsync(name, terminal, cancellation)).Folder);
                }
                catch (BeretException error)
                {
                    terminal.Say(error.Message);
                    code = ExitCode.BadInput;
                }
            }

            return code;
        });
        return verb;
    }
}
