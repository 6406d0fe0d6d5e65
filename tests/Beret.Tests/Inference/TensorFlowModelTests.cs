using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Inference;
using Beret.Tasks;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Inference;

/// <summary>Models of TensorFlow in every form in which they are published or saved, used as any other model.</summary>
public class TensorFlowModelTests
{
    // Tolerances: fixtures/tf/README.md, classifier-*: ids exact, logits 1e-5, the six-digit scores to 1e-6.
    [Theory]
    [InlineData("classifier-bert")]
    [InlineData("classifier-albert")]
    public void The_tutorials_saved_classifier_predicts_what_it_predicted_in_TensorFlow(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name, "case.json")));
        string[] texts = [.. document.RootElement.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)];
        using var expected = Checkpoint.Open(PathOf(name, "expected.safetensors"));
        using var classifier = Classifier.Load(PathOf(name, "saved_model"), new ClassifierOptions { Threads = 1 });
        Assert.Equal(TaskNames.Binary, classifier.Task);
        Assert.Equal(["neg", "pos"], classifier.Labels);
        Assert.Equal(128, classifier.MaxLength);
        Assert.Equal(TokenizerFlavour.TensorFlow, classifier.Tokenizer.Flavour);

        var ids = Integers(expected, "input_word_ids");
        var types = Integers(expected, "input_type_ids");
        for (var i = 0; i < texts.Length; i++)
        {
            var tokens = classifier.Tokenizer.Encode(texts[i], options: new EncodeOptions { MaxLength = 128 });
            Assert.Equal(ids[(i * 128)..((i + 1) * 128)], Padded(tokens.Ids, classifier.Tokenizer.PaddingId));
            Assert.Equal(types[(i * 128)..((i + 1) * 128)], Padded(tokens.Types, 0));
        }

        var (logits, probabilities) = (expected.Read("logits"), expected.Read("probabilities"));
        var predictions = classifier.Predict(texts, TestContext.Current.CancellationToken);
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.Equal(logits[i], predictions[i].Logits[0], 1e-5f);
            Assert.Equal(probabilities[i], predictions[i].Probabilities[1], 2.5e-6);
        }

        var scores = document.RootElement.GetProperty("scores").EnumerateArray().Select(score => double.Parse(score.GetString()!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.All(scores.Zip(predictions), pair => Assert.Equal(pair.First, pair.Second.Score, 1e-6));
    }

    [Theory]
    [InlineData("encoder-bert", "bert", 3, 48, 4, 192, 48, 128, "SavedModel")]
    [InlineData("encoder-bert/saved_model/saved_model.pb", "bert", 3, 48, 4, 192, 48, 128, "SavedModel")]
    [InlineData("encoder-bert-v2/saved_model", "bert", 2, 48, 4, 192, 48, 128, "SavedModel")]
    [InlineData("encoder-bert-mlm", "bert", 2, 48, 4, 192, 48, 128, "SavedModel")]
    [InlineData("encoder-albert", "albert", 3, 48, 4, 96, 16, 128, "SavedModel")]
    [InlineData("encoder-electra", "electra", 2, 48, 4, 144, 24, 128, "SavedModel")]
    [InlineData("encoder-talkheads", "talking-heads", 2, 48, 4, 96, 48, 128, "SavedModel")]
    [InlineData("classifier-albert", "albert", 3, 48, 4, 96, 16, 128, "classifier")]
    [InlineData("ckpt-albert", "albert", 3, 48, 4, 96, 16, 64, "checkpoint")]
    [InlineData("ckpt-electra", "electra", 3, 48, 4, 144, 24, 64, "checkpoint")]
    [InlineData("ckpt-bert", "bert", 2, 48, 4, 192, 48, 64, "checkpoint")]
    [InlineData("ckpt-bert/bert_model.ckpt", "bert", 2, 48, 4, 192, 48, 64, "checkpoint")]
    [InlineData("ckpt-bert/bert_model.ckpt.index", "bert", 2, 48, 4, 192, 48, 64, "checkpoint")]
    [InlineData("ckpt-bert/tf2", "bert", 2, 48, 4, 192, 48, 64, "checkpoint")]
    [InlineData("ckpt-bert/tf2/encoder.ckpt-1", "bert", 2, 48, 4, 192, 48, 64, "checkpoint")]
    [InlineData("ckpt-bert-adam-shards", "bert", 2, 32, 4, 64, 32, 64, "checkpoint")]
    public void Sizes_are_found_out_of_any_form(string path, string family, int layers, int hidden, int heads, int intermediate, int embedding, int positions, string kind)
    {
        var files = ModelFiles.Open(PathOf(path.Split('/')));
        Assert.Contains(kind, files.Kind);
        Assert.Equal(ModelSource.TensorFlow, files.Source);
        var config = files.Config;
        Assert.Equal(
            (family, layers, hidden, heads, intermediate, embedding, positions, family == "albert" ? 1000 : 300, 2),
            (config.Family.ModelType, config.Layers, config.HiddenSize, config.Heads, config.IntermediateSize, config.EmbeddingSize, config.MaxPositions,
                config.VocabularySize, config.TypeVocabularySize));
        Assert.Equal(Beret.Numerics.Activation.GeluTanh, config.Activation);
        Assert.Equal(1e-12f, config.LayerNormEpsilon);
        Assert.Equal(-1, config.PaddingId);
    }

    [Theory]
    [InlineData("encoder-bert")]
    [InlineData("ckpt-bert")]
    public void An_encoder_is_loaded_with_its_tokenizer(string name)
    {
        using var encoder = Encoder.Load(PathOf(name), new EncoderOptions { Threads = 1 });
        Assert.Equal(TokenizerFlavour.TensorFlow, encoder.Tokenizer.Flavour);
        Assert.True(encoder.Tokenizer.LowerCase);
        Assert.Equal(48, encoder.Encode("A fine film.").Pooled.Length);
    }

    [Fact]
    public void A_cased_vocabulary_is_known_by_its_capitals()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(PathOf("ckpt-bert"), "bert_*"))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        var tokens = File.ReadAllLines(PathOf("ckpt-bert", "vocab.txt"));
        tokens[^1] = "Film";
        folder.Write("vocab.txt", string.Join('\n', tokens) + "\n");
        Assert.False(ModelFiles.Open(folder.Path).LoadTokenizer().LowerCase);
    }

    [Fact]
    public void Without_its_configuration_a_TF1_checkpoint_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(PathOf("ckpt-bert"), "bert_model.ckpt*"))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        Assert.Contains("bert_config.json", Assert.Throws<InferenceException>(() => ModelFiles.Open(folder["bert_model.ckpt"])).Message);
        var info = ModelInfo.Read(folder["bert_model.ckpt"], TestContext.Current.CancellationToken);
        Assert.Contains(info.Notes, note => note.Contains("attention heads", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("preprocess-wordpiece-uncased", true)]
    [InlineData("preprocess-wordpiece-cased", false)]
    [InlineData("preprocess-sentencepiece", true)]
    public void A_preprocessing_model_is_a_tokenizer(string name, bool lowerCase)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name, "case.json")));
        using var expected = Checkpoint.Open(PathOf(name, "expected.safetensors"));
        var tokenizer = ModelTokenizer.Load(PathOf(name, "saved_model"));
        Assert.Equal(lowerCase, tokenizer.LowerCase);
        var ids = Integers(expected, "single_128/input_word_ids");
        var row = 0;
        foreach (var text in document.RootElement.GetProperty("texts").EnumerateArray())
        {
            var tokens = tokenizer.Encode(text.GetString()!, options: new EncodeOptions { MaxLength = 128 });
            Assert.Equal(ids[(row * 128)..((row + 1) * 128)], Padded(tokens.Ids, tokenizer.PaddingId));
            row++;
        }
    }

    [Fact]
    public void A_preprocessing_model_is_no_encoder() => Assert.Contains(
        "preprocessing model", Assert.Throws<InferenceException>(() => ModelFiles.Open(PathOf("preprocess-wordpiece-cased", "saved_model"))).Message);

    [Fact]
    public void Info_explains_a_saved_classifier()
    {
        var info = ModelInfo.Read(PathOf("classifier-bert", "saved_model"), TestContext.Current.CancellationToken);
        Assert.Equal("TensorFlow SavedModel, a classifier with its preprocessing, written by TensorFlow 2.15.1", info.Kind);
        Assert.Equal((3, 1, TaskNames.Binary, true), (info.Encoder!.Layers, info.Outputs, info.Description!.Task, info.Tokenizer!.LowerCase));
    }

    [Theory]
    [InlineData(".tar.gz")]
    [InlineData(".zip")]
    public async Task An_archive_of_a_model_is_a_model(string extension)
    {
        using var folder = new TemporaryFolder();
        var archive = folder[$"model{extension}"];
        if (extension == ".zip")
        {
            ZipFile.CreateFromDirectory(PathOf("encoder-bert-v2", "saved_model"), archive, CompressionLevel.Fastest, includeBaseDirectory: true);
        }
        else
        {
            using var file = File.Create(archive);
            using var gzip = new GZipStream(file, CompressionLevel.Fastest);
            TarFile.CreateFromDirectory(PathOf("encoder-bert-v2", "saved_model"), gzip, includeBaseDirectory: false);
        }

        using var downloader = new Downloader(folder["cache"]);
        var resolved = await new ModelHub(downloader).ResolveAsync(archive, null, TestContext.Current.CancellationToken);
        Assert.Equal(ModelSource.TensorFlow, resolved.Source);
        Assert.Equal(2, ModelFiles.Open(resolved.Folder, resolved.Source).Config.Layers);
    }

    private static string PathOf(params string[] parts) => Path.Combine([Shared.Path("fixtures", "tf"), .. parts]);

    private static int[] Padded(int[] values, int padding) => [.. values, .. Enumerable.Repeat(padding, 128 - values.Length)];

    private static int[] Integers(Checkpoint checkpoint, string name)
    {
        var values = new long[checkpoint.Get(name).Count];
        checkpoint.ReadInt64(name, values);
        return [.. values.Select(value => (int)value)];
    }
}
