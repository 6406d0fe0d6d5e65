using System.Text;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

public sealed class ModelHubTests : IDisposable
{
    private readonly TemporaryFolder disk = new();
    private readonly LoopbackServer server = new();
    private readonly Downloader downloader;
    private readonly ModelHub hub;

    public ModelHubTests()
    {
        downloader = new Downloader(disk["cache"]) { FirstPause = TimeSpan.FromMilliseconds(1) };
        hub = new ModelHub(downloader) { Endpoint = server.Address };
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        downloader.Dispose();
        server.Dispose();
        disk.Dispose();
    }

    [Fact]
    public async Task An_existing_folder_is_itself()
    {
        disk.Write("mine/config.json", "{}");
        Assert.Equal(new ResolvedModel(disk["mine"], disk["mine"], ModelSource.HuggingFace), await ResolveAsync(disk["mine"]));
    }

    [Theory]
    [InlineData("saved_model.pb")]
    [InlineData("bert_config.json")]
    public async Task A_folder_of_TensorFlow_files_has_that_source(string file)
    {
        disk.Write("mine/" + file, "");
        Assert.Equal(ModelSource.TensorFlow, (await ResolveAsync(disk["mine"])).Source);
    }

    [Theory]
    [InlineData("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", ModelSource.HuggingFace)]
    [InlineData("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", ModelSource.HuggingFace)]
    [InlineData("bert-base-uncased", "google-bert/bert-base-uncased", ModelSource.HuggingFace)]
    [InlineData("bert_en_uncased_L-12_H-768_A-12", "google-bert/bert-base-uncased", ModelSource.TensorFlow)]
    [InlineData("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/4", "google-bert/bert-base-uncased", ModelSource.TensorFlow)]
    [InlineData("some-one/Any_Model.v2", "some-one/Any_Model.v2", ModelSource.HuggingFace)]
    [InlineData("https://huggingface.co/some-one/model", "some-one/model", ModelSource.HuggingFace)]
    public async Task A_name_becomes_a_folder_with_config_vocabulary_and_weights(string name, string repository, ModelSource source)
    {
        Serve(repository, "config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors");
        var model = await ResolveAsync(name);
        Assert.Equal(source, model.Source);
        Assert.Equal(disk[["cache", "models", .. repository.Split('/')]], model.Folder);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"], VisibleFiles(model.Folder));

        // The second time no server is needed.
        server.Requests.Clear();
        Assert.Equal(model, await ResolveAsync(name));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_model_in_shards_is_fetched_with_all_of_them()
    {
        Serve("o/n", "config.json", "tokenizer.json", "one.safetensors", "two.safetensors");
        server.Files["/o/n/resolve/main/model.safetensors.index.json"] = new ServedFile("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"""u8.ToArray());
        var model = await ResolveAsync("o/n");
        Assert.Equal(["config.json", "model.safetensors.index.json", "one.safetensors", "tokenizer.json", "two.safetensors"], VisibleFiles(model.Folder));
        File.Delete(Path.Combine(model.Folder, "two.safetensors"));
        await ResolveAsync("o/n");
        Assert.True(File.Exists(Path.Combine(model.Folder, "two.safetensors")));
    }

    [Fact]
    public async Task An_index_that_names_a_file_elsewhere_is_refused()
    {
        Serve("o/n", "config.json", "tokenizer.json");
        server.Files["/o/n/resolve/main/model.safetensors.index.json"] = new ServedFile("""{"weight_map":{"a":"../../../evil"}}"""u8.ToArray());
        await Assert.ThrowsAsync<CheckpointException>(() => ResolveAsync("o/n"));
    }

    [Fact]
    public async Task A_folder_filled_by_hand_needs_no_server()
    {
        foreach (var file in new[] { "config.json", "vocab.txt", "model.safetensors" })
        {
            disk.Write("cache/models/sentence-transformers/all-MiniLM-L6-v2/" + file, "x");
        }

        server.Dispose();
        Assert.EndsWith("all-MiniLM-L6-v2", (await ResolveAsync("all-MiniLM-L6-v2")).Folder);
    }

    [Fact]
    public async Task Without_connection_the_message_lists_the_files_and_the_folder()
    {
        server.Dispose();
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync("all-MiniLM-L6-v2"));
        Assert.Contains("cannot be downloaded now", error.Message);
        Assert.Contains("model.safetensors", error.Message);
        Assert.Contains("/sentence-transformers/all-MiniLM-L6-v2 in " + disk["cache", "models", "sentence-transformers", "all-MiniLM-L6-v2"], error.Message);
    }

    [Theory]
    [InlineData("all-MiniLM-L6")]
    [InlineData("all-minilm-l6-v3")]
    [InlineData("nobody/all-MiniLM-L6-v2x")]
    public async Task An_unknown_name_lists_the_nearest_and_says_that_a_folder_works(string name)
    {
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync(name));
        Assert.Contains("that are like it: all-MiniLM-L6-v2,", error.Message);
        Assert.Contains("the path of a folder", error.Message);
    }

    [Theory]
    [InlineData("./absent")]
    [InlineData("/absent/folder")]
    [InlineData("../o/n")]
    [InlineData("o/n/m")]
    [InlineData("o/n?x=1")]
    [InlineData("o\\n")]
    [InlineData("o/\0")]
    [InlineData("http://example.com/o/n")]
    public async Task What_is_neither_folder_nor_name_asks_no_server(string name)
    {
        await Assert.ThrowsAsync<HubException>(() => ResolveAsync(name));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_repository_without_safetensors_or_vocabulary_says_so()
    {
        Serve("o/n", "config.json", "pytorch_model.bin");
        Assert.Contains("no vocabulary", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
        Serve("o/n", "vocab.txt");
        Assert.Contains("no safetensors weights", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
    }

    [Fact]
    public async Task A_file_in_place_of_a_folder_is_refused()
    {
        var path = disk.Write("model.safetensors", "x");
        Assert.Contains("the folder of a model is wanted", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync(path))).Message);
    }

    private Task<ResolvedModel> ResolveAsync(string name) => hub.ResolveAsync(name, null, Cancellation);

    private void Serve(string repository, params string[] files)
    {
        foreach (var file in files)
        {
            server.Files[$"/{repository}/resolve/main/{file}"] = new ServedFile(Encoding.UTF8.GetBytes(file));
        }
    }

    private static IEnumerable<string?> VisibleFiles(string folder) => Directory.GetFiles(folder).Select(Path.GetFileName).Where(name => name![0] != '.').Order();
}
