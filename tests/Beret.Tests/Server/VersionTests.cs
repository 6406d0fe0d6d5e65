using System.Net;
using System.Text.Json.Nodes;
using Beret.Inference;
using Beret.Server;
using Beret.Server.Hosting;
using Beret.Server.Servables;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>Versions of a model as folders named by numbers, that come and go while requests are answered.</summary>
public sealed class VersionTests
{
    private const string Weights = "model.safetensors";
    private const string Body = """{"instances": ["a movie"]}""";

    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheLatestIsServedAndANewOneTakesItsPlace()
    {
        await using var server = await Start(2, 10);
        Assert.Equal(Logit(10), await Predict(server, ""));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Post("/v1/models/m/versions/2:predict", Body)).Status);
        Write(11);
        await UntilServed(server, 11);
        Assert.Equal(Logit(11), await Predict(server, ""));
        await Until(async () => States(await server.Get("/v1/models/m"))["10"] == "END");
        (await server.Post("/v1/models/m/versions/10:predict", Body)).Fails(HttpStatusCode.NotFound, "Servable not found for request: Specific(m, 10)");
        Assert.Contains("version 10 gives way to 11", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoRequestIsLostOrWrongWhileVersionsChange()
    {
        await using var server = await Start(1);
        var known = new Dictionary<string, float> { ["1"] = Logit(1) };
        using var enough = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var answers = new List<(string Version, float Logit)>();
            while (!enough.IsCancellationRequested)
            {
                var answer = (await server.Post("/v1/classify", """{"text": "a movie"}""")).Ok();
                answers.Add(((string)answer["version"]!, (float)answer["results"]![0]!["logits"]![0]!));
            }

            return answers;
        })).ToList();
        for (var version = 2; version <= 5; version++)
        {
            Write(version);
            known.Add($"{version}", Logit(version));
            await UntilServed(server, version);
        }

        await enough.CancelAsync();
        var answers = (await Task.WhenAll(asking)).SelectMany(all => all).ToList();
        Assert.All(answers, answer => Assert.Equal(known[answer.Version], answer.Logit));
        Assert.Contains(answers, answer => answer.Version == "5");
    }

    [Fact]
    public async Task ABrokenOneIsRefusedAndTheOldStaysUntilItIsMended()
    {
        await using var server = await Start(1);
        Write(2);
        await UntilServed(server, 2);
        var staged = TinyModel.Write(temporary["staged"], seed: 3);
        var whole = await File.ReadAllBytesAsync(Path.Combine(staged, Weights), Stop);
        await File.WriteAllBytesAsync(Path.Combine(staged, Weights), whole[..^100], Stop);
        Directory.Move(staged, Path.Combine(temporary.Path, "m", "3"));
        await Until(async () => States(await server.Get("/v1/models/m")).GetValueOrDefault("3") == "END");
        var status = (await server.Get("/v1/models/m/versions/3")).Ok()["model_version_status"]![0]!["status"]!;
        Assert.Equal("INVALID_ARGUMENT", (string)status["error_code"]!);
        Assert.Contains(Weights, (string)status["error_message"]!, StringComparison.Ordinal);
        Assert.Equal(Logit(2), await Predict(server, ""));
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/readyz")).Status);

        await File.WriteAllBytesAsync(Path.Combine(temporary.Path, "m", "3", Weights), whole, Stop);
        await UntilServed(server, 3);
        Assert.Equal(Logit(3), await Predict(server, ""));
    }

    [Fact]
    public async Task TheLatestThatIsTakenAwayGivesWayToTheOneBefore()
    {
        await using var server = await Start(1, 2);
        Directory.Delete(Path.Combine(temporary.Path, "m", "2"), recursive: true);
        await UntilServed(server, 1);
        Assert.Equal(Logit(1), await Predict(server, ""));
    }

    [Fact]
    public async Task AFolderThatIsEmptiedIsServedOn()
    {
        await using var server = await Start(1);
        var expected = Logit(1);
        Directory.Delete(Path.Combine(temporary.Path, "m"), recursive: true);
        await Task.Delay(200, Stop);
        Assert.Equal(expected, await Predict(server, ""));
    }

    [Fact]
    public async Task AVersionWithALabelIsServedBesideTheLatest()
    {
        await using var server = await Start(labels: new() { ["stable"] = 1 }, 1, 2, 3);
        Assert.Equal(Logit(3), await Predict(server, ""));
        Assert.Equal(Logit(1), await Predict(server, "/labels/stable"));
        Assert.Equal(Logit(1), await Predict(server, "/versions/1"));
        Assert.Equal(Logit(1), (float)(await server.Post("/v1/classify", """{"text": "a movie", "version": "stable"}""")).Ok()["results"]![0]!["logits"]![0]!);
        Assert.Equal("1", (string)(await server.Get("/v1/models/m/labels/stable/metadata")).Ok()["model_spec"]!["version"]!);
        (await server.Post("/v1/models/m/labels/canary:predict", Body)).Fails(HttpStatusCode.BadRequest, "Unrecognized servable version label: canary");
        Write(4);
        await UntilServed(server, 4);
        Assert.Equal(Logit(1), await Predict(server, "/labels/stable"));
    }

    [Fact]
    public async Task WhatCannotBeServedFromTheStartEndsTheServer()
    {
        Directory.CreateDirectory(temporary["m"]);
        await using var server = await BeretServer.StartAsync(new ServerSettings { Models = [ModelLocation.Parse(temporary["m"])], Port = 0 }, Stop);
        var error = await Assert.ThrowsAsync<ServingException>(() => server.Ready);
        Assert.EndsWith("holds neither a model nor folders, named by numbers, with versions of one", error.Message, StringComparison.Ordinal);
        temporary.Dispose();
    }

    [Fact]
    public void ModelsAreNamedByTheirFolders()
    {
        Assert.Equal(new ModelLocation("imdb", "runs/imdb/"), ModelLocation.Parse("runs/imdb/"));
        Assert.Equal(new ModelLocation("a.b-c_1", "runs/x=y"), ModelLocation.Parse("a.b-c_1=runs/x=y"));
        Assert.Contains("cannot be a model's name", Assert.Throws<ServingException>(() => ModelLocation.Parse("a/b=runs/imdb")).Message, StringComparison.Ordinal);
        Assert.Contains("names no folder", Assert.Throws<ServingException>(() => ModelLocation.Parse("imdb=")).Message, StringComparison.Ordinal);
    }

    private Task<RunningServer> Start(params long[] versions) => Start([], versions);

    private Task<RunningServer> Start(Dictionary<string, long> labels, params long[] versions)
    {
        foreach (var version in versions)
        {
            Write(version);
        }

        return RunningServer.StartAsync(temporary, settings => settings with { Models = [new ModelLocation("m", Path.Combine(temporary.Path, "m"), labels)] });
    }

    private void Write(long version) => TinyModel.Write(Path.Combine(temporary.Path, "m", $"{version}"), seed: (ulong)version);

    private float Logit(long version)
    {
        using var classifier = Classifier.Load(Path.Combine(temporary.Path, "m", $"{version}"), new ClassifierOptions { Threads = 1 });
        return classifier.Predict("a movie").Logits[0];
    }

    private static async Task<float> Predict(RunningServer server, string version) => (float)(await server.Post($"/v1/models/m{version}:predict", Body)).Ok()["predictions"]![0]![0]!;

    private static Task UntilServed(RunningServer server, long version) =>
        Until(async () => (string)(await server.Get("/v1/models/m/metadata")).Ok()["model_spec"]!["version"]! == $"{version}");

    private static Dictionary<string, string> States(RunningServer.Answer status) =>
        status.Ok()["model_version_status"]!.AsArray().ToDictionary(version => (string)version!["version"]!, version => (string)version!["state"]!);

    private static async Task Until(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(10, Stop);
        }
    }
}
