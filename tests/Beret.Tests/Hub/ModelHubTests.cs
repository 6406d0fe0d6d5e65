using System.Security.Cryptography;
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
        downloader = new Downloader(disk["cache"])
        {
            Settings = new HubSettings { Endpoint = server.Address, HuggingFaceCache = disk["hf"] },
            Manner = new DownloadManner { FirstPause = TimeSpan.FromMilliseconds(1) },
        };
        hub = new ModelHub(downloader);
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
    [InlineData("albert_config.json")]
    [InlineData("saved_model/saved_model.pb")]
    [InlineData("ckpt-100.index")]
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
        Assert.Contains("no connection to 127.0.0.1", error.Message);
        Assert.Contains("/sentence-transformers/all-MiniLM-L6-v2 in " + disk["cache", "models", "sentence-transformers", "all-MiniLM-L6-v2"], error.Message);
    }

    [Theory]
    [InlineData("all-MiniLM-L6")]
    [InlineData("all-minilm-l6-v3")]
    [InlineData("nobody/all-MiniLM-L6-v2x")]
    public async Task An_unknown_name_lists_the_nearest_and_says_that_a_folder_works(string name)
    {
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync(name));
        Assert.Contains("that are like it: all-MiniLM-L", error.Message);
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
    public async Task A_repository_without_weights_or_vocabulary_says_so()
    {
        Serve("o/n", "config.json", "pytorch_model.bin");
        Assert.Contains("no vocabulary", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
        server.Files.Clear();
        Serve("o/n", "config.json", "vocab.txt", "tf_model.h5");
        Assert.Contains("no weights", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
    }

    [Fact]
    public async Task A_repository_with_nothing_but_a_pickle_gives_that()
    {
        Serve("google/bert_uncased_L-2_H-128_A-2", "config.json", "vocab.txt", "pytorch_model.bin");
        var model = await ResolveAsync("small_bert/bert_en_uncased_L-2_H-128_A-2");
        Assert.Equal(ModelSource.TensorFlow, model.Source);
        Assert.Equal(["config.json", "pytorch_model.bin", "vocab.txt"], VisibleFiles(model.Folder));
    }

    [Fact]
    public async Task A_pickle_in_shards_is_fetched_with_all_of_them()
    {
        Serve("o/n", "config.json", "vocab.txt", "a.bin", "b.bin");
        server.Files["/o/n/resolve/main/pytorch_model.bin.index.json"] = new ServedFile("""{"weight_map":{"a":"a.bin","b":"b.bin"}}"""u8.ToArray());
        Assert.Equal(["a.bin", "b.bin", "config.json", "pytorch_model.bin.index.json", "vocab.txt"], VisibleFiles((await ResolveAsync("o/n")).Folder));
        server.Dispose();
        Assert.NotNull(hub.FindCached(ModelCatalogue.Find("bert-base-cased")! with { Repository = "o/n", Archive = null }));
    }

    [Fact]
    public async Task What_the_hub_lists_is_asked_for_at_the_commit_it_names_and_nothing_else()
    {
        const string Commit = "0123456789abcdef0123456789abcdef01234567";
        Serve("o/n", Commit, "config.json", "vocab.txt", "pytorch_model.bin");
        ServeListing("o/n", Commit, ("config.json", 11, null), ("vocab.txt", 9, null), ("pytorch_model.bin", 17, Sha256("pytorch_model.bin")), ("tf_model.h5", 5, null));
        await ResolveAsync("o/n");
        Assert.Equal(
            ["/api/models/o/n/revision/main?blobs=true", .. new[] { "config.json", "vocab.txt", "pytorch_model.bin" }.Select(file => $"/o/n/resolve/{Commit}/{file}")],
            server.Requests);
    }

    [Fact]
    public async Task Listed_sizes_and_checksums_are_held()
    {
        Serve("o/n", "config.json", "vocab.txt", "model.safetensors");
        ServeListing("o/n", null, ("config.json", 11, null), ("vocab.txt", 9, null), ("model.safetensors", 17, Sha256("another")));
        Assert.Contains("SHA256", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
        ServeListing("o/n", null, ("config.json", 11, null), ("vocab.txt", 9, null), ("model.safetensors", 18, null));
        Assert.Contains("17 bytes where 18 are expected", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"))).Message);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"siblings":[]}""")]
    [InlineData("""{"siblings":[1,"x",{"rfilename":2}]}""")]
    [InlineData("{\"siblings\":[{\"rfilename\":\"\\ud800\"}]}")]
    public async Task A_mirror_without_the_list_is_asked_for_each_file(string answer)
    {
        Serve("o/n", "config.json", "vocab.txt", "model.safetensors");
        server.Files["/api/models/o/n/revision/main?blobs=true"] = new ServedFile(Encoding.UTF8.GetBytes(answer));
        Assert.Equal(["config.json", "model.safetensors", "vocab.txt"], VisibleFiles((await ResolveAsync("o/n")).Folder));
    }

    [Fact]
    public async Task A_model_in_the_cache_of_Hugging_Face_is_used_where_it_lies()
    {
        const string Snapshot = "hf/models--o--n/snapshots/abc/";
        disk.Write("hf/models--o--n/refs/main", "abc");
        disk.Write(Snapshot + "config.json", "{}");
        disk.Write(Snapshot + "vocab.txt", "");
        disk.Write(Snapshot + "pytorch_model.bin", "");
        Assert.Equal(disk[Snapshot.TrimEnd('/').Split('/')], (await ResolveAsync("o/n")).Folder);

        // Its first models had no owner.
        Directory.Move(disk["hf", "models--o--n"], disk["hf", "models--bert-base-uncased"]);
        Assert.Equal(disk["hf", "models--bert-base-uncased", "snapshots", "abc"], (await ResolveAsync("bert-base-uncased")).Folder);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("abc", "config.json", "vocab.txt")]
    [InlineData("../snapshots/abc", "config.json", "vocab.txt", "model.safetensors")]
    [InlineData("", "config.json", "vocab.txt", "model.safetensors")]
    public async Task An_incomplete_or_strange_snapshot_is_not_used(string reference, params string[] files)
    {
        disk.Write("hf/models--o--n/refs/main", reference);
        foreach (var file in files)
        {
            disk.Write("hf/models--o--n/snapshots/abc/" + file, "x");
        }

        Serve("o/n", "config.json", "vocab.txt", "model.safetensors");
        Assert.Equal(disk["cache", "models", "o", "n"], (await ResolveAsync("o/n")).Folder);
    }

    [Theory]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    public async Task A_refused_repository_may_be_private_and_the_message_says_how_to_show_a_token(string status)
    {
        server.Files["/o/n/resolve/main/config.json"] = new ServedFile([]) { Status = status };
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"));
        Assert.Contains("private or gated", error.Message);
        Assert.Contains("set HF_TOKEN", error.Message);

        using var known = new Downloader(disk["cache"]) { Settings = new HubSettings { Endpoint = server.Address, Token = new Lazy<string?>("hf_x") } };
        error = await Assert.ThrowsAsync<HubException>(() => new ModelHub(known).ResolveAsync("o/n", null, Cancellation));
        Assert.Contains("the token that was sent", error.Message);
        Assert.DoesNotContain("hf_x", error.Message);
    }

    [Fact]
    public async Task A_hub_in_trouble_is_not_taken_for_one_without_the_model()
    {
        server.Files["/o/n/resolve/main/config.json"] = new ServedFile([]) { Status = "500 Oops" };
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync("o/n"));
        Assert.Contains("cannot be downloaded now: the download broke off", error.Message);
        Assert.Contains("500 Oops", error.Message);
    }

    [Theory]
    [InlineData("runs/imdb/", "no file or folder has this path")]
    [InlineData("./runs", "no file or folder has this path")]
    [InlineData("~/models/bert", "~ is not written out")]
    [InlineData("model.tar.gz", "no file or folder has this path")]
    [InlineData("some/model.zip", "no file or folder has this path")]
    [InlineData("small_bert/bert_en_uncased_L-4_H-512_A-9", "no model of that name is known. Known names that are like it: small_bert/bert_en_uncased_L-4_H-512_A-8")]
    public async Task A_path_that_is_not_there_is_told_apart_from_a_name(string text, string message)
    {
        Assert.Contains(message, (await Assert.ThrowsAsync<HubException>(() => ResolveAsync(text))).Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_file_in_place_of_a_folder_is_refused()
    {
        var path = disk.Write("model.safetensors", "x");
        Assert.Contains("the folder of a model is wanted", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync(path))).Message);
    }

    private Task<ResolvedModel> ResolveAsync(string name) => hub.ResolveAsync(name, null, Cancellation);

    private void Serve(string repository, string first, params string[] files)
    {
        var (revision, all) = first.Length == 40 ? (first, files) : ("main", [first, .. files]);
        foreach (var file in all)
        {
            server.Files[$"/{repository}/resolve/{revision}/{file}"] = new ServedFile(Encoding.UTF8.GetBytes(file));
        }
    }

    private void ServeListing(string repository, string? commit, params (string Name, long Size, string? Sha256)[] files)
    {
        var siblings = files.Select(file =>
            $$"""{"rfilename":"{{file.Name}}","size":{{file.Size}}{{(file.Sha256 is null ? "" : $$""","lfs":{"sha256":"{{file.Sha256}}","size":{{file.Size}},"pointerSize":1}""")}}}""");
        var json = $$"""{"id":"{{repository}}","sha":"{{commit}}","siblings":[{{string.Join(',', siblings)}}]}""";
        server.Files[$"/api/models/{repository}/revision/main?blobs=true"] = new ServedFile(Encoding.UTF8.GetBytes(json));
    }

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static IEnumerable<string?> VisibleFiles(string folder) => Directory.GetFiles(folder).Select(Path.GetFileName).Where(name => name![0] != '.').Order();
}
