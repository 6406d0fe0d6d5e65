using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

/// <summary>Models that come as archives: the authors' own, and those that a user has.</summary>
public sealed class ModelArchiveTests : IDisposable
{
    private static readonly string[] Checkpoint = ["bert_config.json", "bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001", "vocab.txt"];
    private static readonly string[] SavedModel = ["saved_model.pb", "variables/variables.index", "assets/vocab.txt"];

    private readonly TemporaryFolder disk = new();
    private readonly LoopbackServer server = new();
    private readonly Downloader downloader;
    private readonly ModelHub hub;

    public ModelArchiveTests()
    {
        downloader = new Downloader(disk["cache"])
        {
            Settings = new HubSettings { Endpoint = server.Address },
            Manner = new DownloadManner { FirstPause = TimeSpan.FromMilliseconds(1) },
        };
        hub = new ModelHub(downloader);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ModelEntry SmallBert => ModelCatalogue.Find("small_bert/bert_en_uncased_L-2_H-128_A-2")! with { Archive = server["/a.zip"] };

    private ModelEntry Expert => ModelCatalogue.Find("experts_pubmed")! with { Archive = server["/e/2?tf-hub-format=compressed"] };

    public void Dispose()
    {
        downloader.Dispose();
        server.Dispose();
        disk.Dispose();
    }

    [Fact]
    public async Task Where_the_mirror_lacks_a_model_its_authors_archive_is_unpacked()
    {
        server.Files["/a.zip"] = new ServedFile(Zip(Checkpoint)) { ExtraHeaders = "x-goog-hash: crc32c=AAAAAA==\r\n" };
        var model = await ResolveAsync(SmallBert);
        Assert.Equal(new ResolvedModel("name", disk["cache", "tensorflow", "small_bert", "bert_en_uncased_L-2_H-128_A-2"], ModelSource.TensorFlow), model);
        Assert.Equal(Checkpoint.Order(), Directory.GetFiles(model.Folder).Select(Path.GetFileName).Order());
        Assert.False(File.Exists(model.Folder + ".zip"));

        server.Requests.Clear();
        Assert.Equal(model, await ResolveAsync(SmallBert));
        Assert.Equal(model.Folder, hub.FindCached(SmallBert));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task The_checksum_that_Googles_storage_states_is_held()
    {
        server.Files["/a.zip"] = new ServedFile(Zip(Checkpoint)) { ExtraHeaders = $"x-goog-hash: crc32c=AAAAAA==,md5={Convert.ToBase64String(new byte[16])}\r\n" };
        Assert.Contains("has the MD5", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync(SmallBert))).Message);
    }

    [Fact]
    public async Task Where_neither_can_be_had_the_message_names_both_places()
    {
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync(SmallBert));
        Assert.Contains("google/bert_uncased_L-2_H-128_A-2", error.Message);
        Assert.Contains($"put {server["/a.zip"]} at {disk["cache", "tensorflow", "small_bert", "bert_en_uncased_L-2_H-128_A-2.zip"]}", error.Message);
    }

    [Theory]
    [InlineData("403 Forbidden")]
    [InlineData("401 Unauthorized")]
    [InlineData("404 Not Found")]
    public async Task What_is_on_Kaggle_alone_says_so_with_the_page_and_the_place_for_the_archive(string status)
    {
        server.Files["/e/2?tf-hub-format=compressed"] = new ServedFile([]) { Status = status };
        var error = await Assert.ThrowsAsync<HubException>(() => ResolveAsync(Expert));
        Assert.Contains("Kaggle alone", error.Message);
        Assert.Contains(status, error.Message);
        Assert.Contains("https://www.kaggle.com/models/google/experts-bert/tensorFlow2/pubmed", error.Message);
        Assert.Contains("put it at " + disk["cache", "tensorflow", "experts_pubmed.tar.gz"], error.Message);
    }

    [Fact]
    public async Task A_page_in_place_of_the_archive_is_not_kept()
    {
        server.Files["/e/2?tf-hub-format=compressed"] = new ServedFile("<html>sign in</html>"u8.ToArray());
        Assert.Contains("gives a page and no archive", (await Assert.ThrowsAsync<HubException>(() => ResolveAsync(Expert))).Message);
        Assert.False(File.Exists(disk["cache", "tensorflow", "experts_pubmed.tar.gz"]));
    }

    [Theory]
    [InlineData(".tar.gz")]
    [InlineData(".tgz")]
    [InlineData(".tar")]
    [InlineData(".zip")]
    public async Task An_archive_that_somebody_put_there_is_used_and_stays(string extension)
    {
        var path = disk.Write("cache/tensorflow/experts_pubmed" + extension, extension switch
        {
            ".zip" => Zip(SavedModel),
            ".tar" => Tar(SavedModel),
            _ => GZip(Tar(SavedModel)),
        });
        var model = await ResolveAsync(Expert);
        Assert.True(File.Exists(Path.Combine(model.Folder, "variables", "variables.index")));
        Assert.True(File.Exists(path));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_folder_that_somebody_put_there_is_used()
    {
        disk.Write("cache/tensorflow/experts_pubmed/saved_model.pb", "x");
        Assert.Equal(disk["cache", "tensorflow", "experts_pubmed"], (await ResolveAsync(Expert)).Folder);
    }

    [Theory]
    [InlineData("")]
    [InlineData("./")]
    [InlineData("uncased_L-12_H-768_A-12/")]
    [InlineData("a/b/")]
    public async Task A_users_archive_is_a_model_whether_or_not_one_folder_holds_everything(string prefix)
    {
        var path = disk.Write("mine.tar.gz", GZip(Tar([.. Checkpoint.Select(file => prefix + file)])));
        var model = await hub.ResolveAsync(path, null, Cancellation);
        Assert.Equal(ModelSource.TensorFlow, model.Source);
        Assert.True(File.Exists(Path.Combine(model.Folder, "vocab.txt")));
        Assert.StartsWith(disk["cache", "unpacked", "mine-"], model.Folder);
        Assert.Equal(model, await hub.ResolveAsync(path, null, Cancellation));

        // Another archive under the same name is another model.
        disk.Write("mine.tar.gz", Zip(["config.json", "vocab.txt", "model.safetensors"]));
        var other = await hub.ResolveAsync(path, null, Cancellation);
        Assert.Equal(ModelSource.HuggingFace, other.Source);
        Assert.NotEqual(model.Folder, other.Folder);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/evil")]
    [InlineData("a/../../evil")]
    [InlineData("a//b")]
    [InlineData("C:/evil")]
    [InlineData("a\\..\\evil")]
    public async Task A_name_that_leads_out_of_the_folder_is_refused(string name)
    {
        foreach (var bytes in new[] { Zip(["bert_config.json", name]), Tar(["bert_config.json", name]) })
        {
            var path = disk.Write("evil.zip", bytes);
            Assert.Contains("not a name within a folder", (await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation))).Message);
            AssertNothingUnpacked();
        }
    }

    [Fact]
    public async Task A_link_is_refused()
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "vocab.txt") { LinkName = "/etc/passwd" });
        }

        var path = disk.Write("evil.tar", stream.ToArray());
        Assert.Contains("SymbolicLink", (await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation))).Message);

        using var zipped = new MemoryStream();
        using (var zip = new ZipArchive(zipped, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry("vocab.txt").ExternalAttributes = 0xa1ff << 16;
        }

        path = disk.Write("evil.zip", zipped.ToArray());
        Assert.Contains("is a link", (await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation))).Message);
        AssertNothingUnpacked();
    }

    [Fact]
    public async Task A_bomb_is_refused_before_it_fills_the_disk()
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("bert_config.json", CompressionLevel.Fastest).Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 65; i++)
            {
                entry.Write(zeros);
            }
        }

        var path = disk.Write("bomb.zip", stream.ToArray());
        Assert.Contains("times as large", (await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation))).Message);
        AssertNothingUnpacked();
    }

    [Fact]
    public async Task A_damaged_archive_is_named()
    {
        foreach (var bytes in new[] { GZip(Tar(Checkpoint))[..^20], Zip(Checkpoint)[..^30], GZip(Tar(Checkpoint)[..700]), Tar(Checkpoint)[..600], "PK\x03\x04garbage"u8.ToArray() })
        {
            var path = disk.Write("mine.zip", bytes);
            var error = await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation));
            Assert.Contains(path, error.Message);
            AssertNothingUnpacked();
        }
    }

    [Fact]
    public async Task An_archive_without_a_model_is_refused()
    {
        var path = disk.Write("texts.zip", Zip(["train/pos/0.txt", "train/neg/0.txt"]));
        Assert.Contains("holds no model", (await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(path, null, Cancellation))).Message);
        AssertNothingUnpacked();
    }

    private static byte[] Zip(string[] names)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in names)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(name));
            }
        }

        return stream.ToArray();
    }

    private static byte[] Tar(string[] names)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var name in names)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(name)) });
            }
        }

        return stream.ToArray();
    }

    private static byte[] GZip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return stream.ToArray();
    }

    private void AssertNothingUnpacked() =>
        Assert.Empty(Directory.Exists(disk["cache", "unpacked"]) ? Directory.GetDirectories(disk["cache", "unpacked"]) : []);

    private Task<ResolvedModel> ResolveAsync(ModelEntry entry) => hub.ResolveAsync(entry, "name", null, Cancellation);
}
