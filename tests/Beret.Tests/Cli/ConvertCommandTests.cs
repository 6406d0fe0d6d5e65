using System.Text.Json;
using Beret.Inference;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Cli;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task AnEncoderOfTensorFlowBecomesAHuggingFaceFolder()
    {
        var run = await CommandRun.Of("convert", Fixture("tf", "ckpt-bert", "bert_model.ckpt"), temporary["out"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("TensorFlow checkpoint -> ", run.Output);
        Assert.Equal(
            ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"],
            Directory.GetFiles(temporary["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var config = JsonDocument.Parse(File.ReadAllBytes(temporary["out", "config.json"]));
        Assert.Equal("BertModel", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal("gelu_new", config.RootElement.GetProperty("hidden_act").GetString());

        // It still is what it was: the tokenization of TensorFlow goes with it.
        Assert.Equal(TokenizerFlavour.TensorFlow, ModelFiles.Open(temporary["out"]).LoadTokenizer().Flavour);
    }

    [Theory]
    [InlineData("classifier-bert")]
    [InlineData("classifier-albert")]
    public async Task AConvertedClassifierPredictsTheSameBits(string name)
    {
        var source = Fixture("tf", name, "saved_model");
        Assert.Equal(0, (await CommandRun.Of("convert", source, temporary["out"])).Code);
        string[] texts = ["this is such an amazing movie!", "The movie was meh."];
        using var before = Classifier.Load(source, new ClassifierOptions { Threads = 1 });
        using var after = Classifier.Load(temporary["out"], new ClassifierOptions { Threads = 1 });
        Assert.Equal(
            before.Predict(texts, TestContext.Current.CancellationToken).Select(prediction => prediction.Logits[0]),
            after.Predict(texts, TestContext.Current.CancellationToken).Select(prediction => prediction.Logits[0]));
        Assert.Equal(before.Labels, after.Labels);
    }

    [Fact]
    public async Task AFolderThatIsNotEmptyIsLeftAlone()
    {
        temporary.Write("out/mine.txt", "mine");
        var run = await CommandRun.Of("convert", Fixture("tf", "ckpt-bert"), temporary["out"]);
        Assert.Equal(2, run.Code);
        Assert.Contains("is not empty", run.Error);
        Assert.Equal(["mine.txt"], Directory.GetFiles(temporary["out"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ASavedClassifierPredictsFromTheCommandLine()
    {
        var run = await CommandRun.Of("predict", Fixture("tf", "classifier-bert", "saved_model"), "this is such an amazing movie!");
        Assert.Equal(0, run.Code);
        Assert.Contains("score: 0.554350", run.Output);
        Assert.Contains("label: pos", run.Output);
    }

    [Theory]
    [InlineData("ckpt-bert/bert_model.ckpt.index", "TensorFlow checkpoint")]
    [InlineData("ckpt-bert/bert_model.ckpt", "TensorFlow checkpoint")]
    [InlineData("encoder-talkheads/saved_model", "TALKING-HEADS encoder")]
    [InlineData("encoder-albert", "layers            3")]
    [InlineData("preprocess-wordpiece-cased/saved_model", "preprocessing model")]
    [InlineData("bundle-odd/odd", "checkpoint, weights only")]
    public async Task InfoExplainsWhateverItIs(string path, string says)
    {
        var run = await CommandRun.Of("info", Fixture(["tf", .. path.Split('/')]));
        Assert.Equal(0, run.Code);
        Assert.Contains(says, run.Output);
    }

    [Fact]
    public async Task ParityOfACheckpointByItsPrefixPasses()
    {
        var run = await CommandRun.Of("parity", "--model", Fixture("tf", "ckpt-bert", "bert_model.ckpt"), "--expected", Fixture("tf", "ckpt-bert", "expected.safetensors"));
        Assert.Equal(0, run.Code);
        Assert.Contains("sequence_output", run.Output);
        Assert.Contains(" 0 failed", run.Output);
    }

    /// <summary>The last part may be a prefix of file names.</summary>
    private static string Fixture(params string[] parts) => Path.Combine([Shared.Path("fixtures", parts[0], parts[1]), .. parts[2..]]);
}
