using System.IO.Compression;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

public sealed class EmbeddedModelTests : IDisposable
{
    private readonly TemporaryFolder disk = new();
    private readonly LoopbackServer server = new();
    private readonly Downloader downloader;
    private readonly ModelHub hub;

    public EmbeddedModelTests()
    {
        downloader = new Downloader(disk["cache"])
        {
            Settings = new HubSettings { Endpoint = server.Address, HuggingFaceCache = disk["hf"] },
            Manner = new DownloadManner { FirstPause = TimeSpan.FromMilliseconds(1) },
        };
        hub = new ModelHub(downloader);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static EmbeddedModel Small { get; } = new("small", () => new MemoryStream(Archive("one", "two")));

    public void Dispose()
    {
        downloader.Dispose();
        server.Dispose();
        disk.Dispose();
    }

    [Theory]
    [InlineData("beret/mini")]
    [InlineData("Beret/Mini")]
    public async Task The_library_has_an_encoder_that_comes_without_a_network(string name)
    {
        var resolved = await hub.ResolveAsync(name, cancellation: Cancellation);
        Assert.Equal(ModelSource.HuggingFace, resolved.Source);
        Assert.Equal(["README.md", "config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"], Files(resolved.Folder));
        Assert.Equal(resolved.Folder, hub.FindCached(ModelCatalogue.Find(name)!));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Its_facts_are_those_of_the_catalogue()
    {
        var entry = ModelCatalogue.Find("beret/mini")!;
        Assert.Null(hub.FindCached(entry));
        var info = ModelInfo.Read(await hub.ResolveAsync("beret/mini", cancellation: Cancellation), Cancellation);
        Assert.Equal((entry.Layers, entry.HiddenSize, entry.Heads), (info.Encoder!.Layers, info.Encoder.HiddenSize, info.Encoder.Heads));
        Assert.Equal(entry.Parameters, ParameterCount.Bert(info.Encoder.VocabularySize, entry.Layers, entry.HiddenSize));
        Assert.True(info.Tokenizer!.LowerCase);
        Assert.Equal(info.Encoder.VocabularySize, info.Tokenizer.VocabularySize);
    }

    [Fact]
    public async Task It_is_a_model_of_transformers_in_half_precision_of_at_most_12_MB()
    {
        var folder = (await hub.ResolveAsync("beret/mini", cancellation: Cancellation)).Folder;
        Assert.InRange(new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length), 5_000_000, EmbedModel.HalfArchive.MostBytes);
        using var weights = Checkpoint.Open(folder);
        Assert.All(weights.Tensors, tensor => Assert.Equal(TensorType.F16, tensor.Type));
        Assert.Contains("\"torch_dtype\": \"float16\"", File.ReadAllText(Path.Combine(folder, "config.json")));
        Assert.Equal("bert", ConfigReader.Read(Path.Combine(folder, "config.json")).Family.ModelType);

        // After a change of the card: dotnet run -c Release --project tools/EmbedModel -- beret/mini
        Assert.Equal(File.ReadAllText(Repository.Path("src", "Beret", "Hub", "Embedded", "README.md")), File.ReadAllText(Path.Combine(folder, "README.md")));
    }

    [Theory]
    [InlineData("beret/minni")]
    [InlineData("BERET/other")]
    [InlineData("https://huggingface.co/beret/other")]
    public async Task No_name_that_begins_like_it_is_asked_for_elsewhere(string name)
    {
        var error = await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(name, cancellation: Cancellation));
        Assert.Contains("no model of that name is known", error.Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void A_name_nearly_right_leads_to_it() => Assert.Equal("beret/mini", ModelCatalogue.Nearest("beret/minni")[0]);

    [Fact]
    public async Task It_is_written_once_and_used_from_there_as_long_as_it_is_whole()
    {
        var folder = await PlaceAsync(Small);
        Assert.StartsWith(disk["cache", "embedded", "small-"], folder);
        Assert.Equal(["a.txt", "b.txt"], Files(folder));
        var written = File.GetLastWriteTimeUtc(Path.Combine(folder, "a.txt"));
        Assert.Equal(folder, await PlaceAsync(Small));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(folder, "a.txt")));
    }

    [Theory]
    [InlineData("onE")]
    [InlineData("on")]
    [InlineData("ones")]
    [InlineData(null)]
    public async Task What_was_damaged_is_written_anew(string? damage)
    {
        var folder = await PlaceAsync(Small);
        if (damage is null)
        {
            File.Delete(Path.Combine(folder, "a.txt"));
        }
        else
        {
            File.WriteAllText(Path.Combine(folder, "a.txt"), damage);
        }

        Assert.Null(Small.Find(disk["cache"]));
        Assert.Equal(folder, await PlaceAsync(Small));
        Assert.Equal("one", File.ReadAllText(Path.Combine(folder, "a.txt")));
    }

    [Fact]
    public async Task Another_content_has_another_folder()
    {
        var other = new EmbeddedModel("small", () => new MemoryStream(Archive("one", "three")));
        Assert.NotEqual(await PlaceAsync(Small), await PlaceAsync(other));
        Assert.NotNull(Small.Find(disk["cache"]));
    }

    [Fact]
    public async Task Many_at_once_get_the_same_whole_folder()
    {
        var folders = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PlaceAsync(Small))));
        Assert.Single(folders.Distinct());
        Assert.NotNull(Small.Find(disk["cache"]));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_named_and_how_to_have_another()
    {
        // A file where the cache's folder should be: no user, not even root, can write below it.
        disk.Write("cache", "");
        var error = await Assert.ThrowsAsync<HubException>(() => PlaceAsync(Small));
        Assert.Contains(disk["cache"], error.Message);
        Assert.Contains("Set BERET_CACHE", error.Message);
    }

    [Fact]
    public void The_archive_is_made_of_a_folder_the_same_each_time_and_keeps_what_half_precision_can()
    {
        string[] files = ["config.json", "vocab.txt", "tokenizer_config.json"];
        Assert.All(files, name => disk.Write($"model/{name}", "{}"));
        var card = disk.Write("card.md", "a card");
        var writer = new SafetensorsWriter();
        float[] values = [1, -0.333f, 1e-3f, 65504];
        writer.Add("weights", [2, 2], values);
        writer.Write(disk["model", "model.safetensors"]);

        var rounding = EmbedModel.HalfArchive.Write(disk["model"], card, disk["one.zip"]);
        EmbedModel.HalfArchive.Write(disk["model"], card, disk["two.zip"]);
        Assert.Equal(File.ReadAllBytes(disk["one.zip"]), File.ReadAllBytes(disk["two.zip"]));
        Assert.Equal(4, rounding.Parameters);
        Assert.Equal(-0.333f, -0.333f + (float)rounding.Largest, 2f / (1 << 12));

        ZipFile.ExtractToDirectory(disk["one.zip"], disk["out"]);
        using var weights = Checkpoint.Open(disk["out"]);
        Assert.Equal(values.Select(value => (float)(Half)value), weights.Read("weights"));
        Assert.Equal("a card", File.ReadAllText(disk["out", "README.md"]));
    }

    [Fact]
    public void A_weight_beyond_half_precision_is_refused_by_name()
    {
        disk.Write("model/config.json", "{}");
        var writer = new SafetensorsWriter();
        writer.Add("weights", [1], new float[] { 1e6f });
        writer.Write(disk["model", "model.safetensors"]);
        var error = Assert.Throws<BeretException>(() => EmbedModel.HalfArchive.Write(disk["model"], disk.Write("card.md", ""), disk["one.zip"]));
        Assert.Contains("weights holds a weight that half precision does not (1000000)", error.Message);
    }

    private Task<string> PlaceAsync(EmbeddedModel model) => model.PlaceAsync(disk["cache"], null, Cancellation);

    private static string[] Files(string folder) => [.. Directory.EnumerateFileSystemEntries(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private static byte[] Archive(string first, string second)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in new[] { ("a.txt", first), ("b.txt", second) })
            {
                using var entry = new StreamWriter(zip.CreateEntry(name, CompressionLevel.NoCompression).Open());
                entry.Write(text);
            }
        }

        return stream.ToArray();
    }
}
