using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Beret.Server.Hosting;
using Beret.Server.Servables;

namespace Beret.Cli.Commands;

/// <summary><c>beret serve</c>: models as a service over HTTP, until it is told to stop.</summary>
internal static class ServeCommand
{
    private static readonly string[] LogFormats = ["text", "json", "none"];

    public static Command Create(Terminal terminal)
    {
        var usual = new ServerSettings { Models = [] };
        var models = new Argument<string[]>("MODEL")
        {
            Description = "Model folders, or folders with versions of one named by numbers; name=folder gives another name than the folder's. The first is asked where a request names none",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var host = new Option<string>("--host") { Description = "The address to listen on; * is all of this machine's", HelpName = "ADDRESS", DefaultValueFactory = _ => usual.Host };
        var allowHosts = new Option<string[]>("--allow-host")
        {
            Description = "Answer to this name too (the Host of requests), as behind a proxy or another address; once for each name [default: only localhost and loopback addresses, on another --host every name]",
            HelpName = "NAME",
        };
        var port = new Option<int>("--port") { Description = "The port; 0 is any that is free", HelpName = "N", DefaultValueFactory = _ => usual.Port };
        port.Validators.Add(result => RefuseBadPort(result, "--port"));
        var grpcPort = new Option<int?>("--grpc-port") { Description = "The port for gRPC, such as 8500; 0 is any that is free [default: no gRPC]", HelpName = "N" };
        grpcPort.Validators.Add(result => RefuseBadPort(result, "--grpc-port"));
        var labels = new Option<string[]>("--version-label") { Description = "A name for a version of a model; it is served beside the latest", HelpName = "MODEL/LABEL=N" };
        var batchTokens = Count("--batch-tokens", "The most tokens that are computed at once, unless one text has more", usual.BatchTokens);
        var queueTokens = Count("--queue-tokens", "The most tokens that a request may have before it; requests beyond are answered with 429", (int)usual.QueueTokens);
        var texts = Count("--max-texts", "The most texts of a request", usual.MostTexts);
        var characters = Count("--max-characters", "The most characters of a text", usual.MostCharacters);
        var bytes = Count("--max-bytes", "The most bytes of a request's body", (int)usual.MostBytes);
        var requests = Count("--max-requests", "The most requests at once; those beyond are answered with 429", usual.MostRequests);
        var connections = Count("--max-connections", "The most connections at once; those beyond are closed", usual.MostConnections);
        var timeout = Count("--timeout", "Seconds that an answer may take; then it is 504", (int)usual.Timeout.TotalSeconds);
        var poll = Count("--poll", "Seconds between two looks for new versions", (int)usual.Poll.TotalSeconds);
        var drain = Count("--drain", "Seconds for what was accepted when the server is told to stop", (int)usual.DrainTimeout.TotalSeconds);
        var keys = CommonOptions.PathOption("--api-keys", "A file of API keys, a line NAME HASH for each; requests need one of them [default: anybody may ask]", "FILE");
        var newKey = new Option<string?>("--new-key") { Description = "Print a new API key and its line for --api-keys, and end", HelpName = "NAME" };
        var certificate = CommonOptions.PathOption("--tls-certificate", "Speak TLS with this certificate (PEM)", "FILE");
        var key = CommonOptions.PathOption("--tls-key", "The certificate's private key (PEM) [default: in the same file]", "FILE");
        var log = new Option<string>("--log") { Description = "How the log is written, to standard error; no text of a request is in it", HelpName = string.Join('|', LogFormats), DefaultValueFactory = _ => LogFormats[0] };
        log.AcceptOnlyFromAmong(LogFormats);
        var loading = new ClassifierArguments();
        var verb = new Verb(
            "serve",
            "Serve models over HTTP, in the protocols of TensorFlow Serving, KServe and Text Embeddings Inference",
            "beret serve runs/imdb",
            "beret serve reviews=runs/imdb tickets=runs/tickets --port 8080",
            "beret serve imdb=models/imdb --version-label imdb/stable=3",
            "beret serve runs/imdb --grpc-port 8500",
            "beret serve --new-key shop",
            "beret serve runs/imdb --host 0.0.0.0 --api-keys keys.txt --tls-certificate server.pem --tls-key server.key",
            "beret serve runs/imdb --allow-host beret.example",
            "curl -d '{\"text\": \"The movie was great!\"}' http://127.0.0.1:8501/v1/classify")
        {
            models, host, allowHosts, port, grpcPort, labels, batchTokens, queueTokens, texts, characters, bytes, requests, connections, timeout, poll, drain, keys, newKey, certificate, key, log,
        };
        loading.AddTo(verb);
        verb.Validators.Add(result =>
        {
            if (result.GetValue(newKey) is null && result.GetValue(models) is not { Length: > 0 })
            {
                result.AddError("a model folder is needed");
            }

            if (result.GetValue(key) is not null && result.GetValue(certificate) is null)
            {
                result.AddError("--tls-key belongs to --tls-certificate, which is not there");
            }
        });
        verb.Details = "Addresses: /v1/classify (Beret's own), /v1/models/NAME:predict (TensorFlow Serving), /v2/models/NAME/infer (KServe, Triton), /predict (Text Embeddings\n"
            + "Inference), /livez, /readyz, /metrics, /openapi.json. Folders named by numbers are versions: a new one is loaded, warmed and takes the place of the old one\n"
            + "without a request being lost. SIGTERM and Ctrl-C end the server when what it accepted is answered.";
        verb.Runs(
            async (arguments, cancellation) =>
            {
                if (arguments.GetValue(newKey) is { } name)
                {
                    var (secret, line) = BeretServer.CreateApiKey(name);
                    terminal.Say("the key, for the client; it is shown only now:");
                    terminal.Output.WriteLine(secret);
                    terminal.Say("the line for the file of --api-keys:");
                    terminal.Output.WriteLine(line);
                    return ExitCode.Ok;
                }

                var format = arguments.GetValue(log);
                return await RunAsync(
                    new ServerSettings
                    {
                        Models = ModelsOf(arguments.GetRequiredValue(models), arguments.GetValue(labels) ?? []),
                        Classifier = loading.Of(arguments),
                        Host = arguments.GetValue(host)!,
                        AllowedHosts = arguments.GetValue(allowHosts) ?? [],
                        Port = arguments.GetValue(port),
                        GrpcPort = arguments.GetValue(grpcPort),
                        BatchTokens = arguments.GetValue(batchTokens),
                        QueueTokens = arguments.GetValue(queueTokens),
                        MostTexts = arguments.GetValue(texts),
                        MostCharacters = arguments.GetValue(characters),
                        MostBytes = arguments.GetValue(bytes),
                        MostRequests = arguments.GetValue(requests),
                        MostConnections = arguments.GetValue(connections),
                        Timeout = TimeSpan.FromSeconds(arguments.GetValue(timeout)),
                        Poll = TimeSpan.FromSeconds(arguments.GetValue(poll)),
                        DrainTimeout = TimeSpan.FromSeconds(arguments.GetValue(drain)),
                        ApiKeys = arguments.GetValue(keys),
                        TlsCertificate = arguments.GetValue(certificate),
                        TlsKey = arguments.GetValue(key),
                        Log = format == "none" ? null : terminal.Error,
                        IsLogJson = format == "json",
                    },
                    cancellation);
            },
            endsByItself: true);
        return verb;
    }

    private static async Task<int> RunAsync(ServerSettings settings, CancellationToken cancellation)
    {
        await using var server = await BeretServer.StartAsync(settings, cancellation);
        try
        {
            await server.Ready.WaitAsync(cancellation);
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop, which is how a server ends.
        }

        return ExitCode.Ok;
    }

    private static List<ModelLocation> ModelsOf(string[] models, string[] labels)
    {
        var found = models.Select(ModelLocation.Parse).ToList();
        foreach (var label in labels)
        {
            var parts = label.Split('/', '=');
            if (parts is not [var model, { } name, var digits] || !ModelLocation.IsName(name) || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                throw new BeretException($"--version-label is '{label}', not MODEL/LABEL=N such as imdb/stable=3");
            }

            var place = found.FindIndex(one => one.Name == model);
            if (place < 0)
            {
                throw new BeretException($"--version-label {label}: there is no model '{model}'; the models are {string.Join(", ", found.Select(one => one.Name))}");
            }

            found[place] = found[place] with { VersionLabels = new Dictionary<string, long>(found[place].VersionLabels ?? new Dictionary<string, long>()) { [name] = version } };
        }

        return found;
    }

    private static Option<int> Count(string name, string description, int usual)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => usual };
        option.Validators.Add(result => CommonOptions.RefuseBelow(result, name, 1));
        return option;
    }

    private static void RefuseBadPort(OptionResult result, string name)
    {
        if (result.Tokens is [var token] && !ushort.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            result.AddError($"{name} is '{token.Value}', not a whole number from 0 to {ushort.MaxValue}");
        }
    }
}
