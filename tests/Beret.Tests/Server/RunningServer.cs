using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Beret.Inference;
using Beret.Server.Hosting;
using Beret.Server.Servables;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>A server on a port of its own, with tiny models, and a client that talks to it over the loopback.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly TemporaryFolder temporary;
    private readonly ConcurrentDictionary<string, Classifier> classifiers = new();

    private RunningServer(TemporaryFolder temporary, BeretServer server, StringWriter log)
    {
        this.temporary = temporary;
        Server = server;
        Log = log;
        Client = new HttpClient { BaseAddress = server.Address };
    }

    public BeretServer Server { get; }

    public HttpClient Client { get; }

    public StringWriter Log { get; }

    /// <summary>The folder that the models lie in: tiny (binary) and colours (three classes).</summary>
    public string Folder => temporary.Path;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Starts a server with the models tiny and colours, and waits until they answer.</summary>
    /// <param name="change">What is to differ from the usual settings.</param>
    /// <param name="isStepped">Whether the test computes each batch itself.</param>
    public static async Task<RunningServer> StartAsync(Func<ServerSettings, ServerSettings>? change = null, bool isStepped = false)
    {
        var temporary = new TemporaryFolder();
        TinyModel.Write(Path.Combine(temporary.Path, "tiny"));
        TinyModel.Write(Path.Combine(temporary.Path, "colours"), TinyModel.MultiClass);
        return await StartAsync(temporary, settings => (change ?? (same => same))(settings with
        {
            Models = [ModelLocation.Parse(Path.Combine(temporary.Path, "tiny")), ModelLocation.Parse(Path.Combine(temporary.Path, "colours"))],
        }), isStepped);
    }

    /// <summary>Starts a server with models that the caller writes.</summary>
    public static async Task<RunningServer> StartAsync(TemporaryFolder temporary, Func<ServerSettings, ServerSettings> change, bool isStepped = false)
    {
        var log = new StringWriter { NewLine = "\n" };
        var settings = change(new ServerSettings { Models = [], Port = 0, Classifier = new ClassifierOptions { Threads = 1 }, Log = TextWriter.Synchronized(log), Poll = TimeSpan.FromMilliseconds(20) });
        var server = await BeretServer.StartAsync(settings, isStepped, Stop);
        await server.Ready.WaitAsync(Stop);
        return new RunningServer(temporary, server, log);
    }

    /// <summary>The library's own answer, for comparison.</summary>
    public Prediction Predict(string model, string text, string? pair = null) =>
        classifiers.GetOrAdd(model, name => Classifier.Load(Path.Combine(Folder, name), new ClassifierOptions { Threads = 1 })).Predict(text, pair);

    public async Task<Answer> Get(string path) => await Answer.Of(await Client.GetAsync(new Uri(path, UriKind.Relative), Stop));

    public Task<Answer> Post(string path, string json) => Post(path, new StringContent(json, Encoding.UTF8, "application/json"));

    public async Task<Answer> Post(string path, HttpContent content) => await Answer.Of(await Client.PostAsync(new Uri(path, UriKind.Relative), content, Stop));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        foreach (var classifier in classifiers.Values)
        {
            classifier.Dispose();
        }

        temporary.Dispose();
    }

    /// <summary>An answer, read.</summary>
    internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseMessage Message)
    {
        public JsonNode Json => JsonNode.Parse(Text)!;

        public string Error => (string)Json["error"]!;

        public static async Task<Answer> Of(HttpResponseMessage message) => new(message.StatusCode, await message.Content.ReadAsStringAsync(Stop), message);

        /// <summary>The body of an answer that is to be a success.</summary>
        public JsonNode Ok()
        {
            Assert.True(Status == HttpStatusCode.OK, $"{Status}: {Text}");
            return Json;
        }

        /// <summary>Asserts what error this is.</summary>
        public void Fails(HttpStatusCode status, string message)
        {
            Assert.Equal(message, Error);
            Assert.Equal(status, Status);
        }
    }
}
