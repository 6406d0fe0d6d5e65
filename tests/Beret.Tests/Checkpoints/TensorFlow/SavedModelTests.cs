using System.Security.Cryptography;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;

namespace Beret.Tests.Checkpoints.TensorFlow;

public class SavedModelTests
{
    [Theory]
    [InlineData("encoder-bert", 3)]
    [InlineData("encoder-bert-v2", 2)]
    [InlineData("encoder-albert", 3)]
    [InlineData("encoder-talkheads", 2)]
    [InlineData("classifier-albert", 3)]
    [InlineData("preprocess-wordpiece-cased", null)]
    public void The_number_of_blocks_is_that_of_the_encoder_outputs(string name, int? blocks) => Assert.Equal(blocks, Read(name).EncoderOutputs);

    [Fact]
    public void An_encoder_takes_ids_and_a_classifier_takes_text()
    {
        var encoder = Read("encoder-bert");
        Assert.Equal("2.15.1", encoder.TensorFlowVersion);
        Assert.Equal(["input_mask", "input_type_ids", "input_word_ids"], encoder.Inputs.Order(StringComparer.Ordinal));
        Assert.Equal(6, encoder.Outputs.Length);
        Assert.False(encoder.TakesText);

        var classifier = Read("classifier-bert");
        Assert.Equal(["text"], classifier.Inputs);
        Assert.Equal(["classifier"], classifier.Outputs);
        Assert.True(classifier.TakesText);
    }

    [Theory]
    [InlineData("preprocess-wordpiece-uncased", "WordPiece", true)]
    [InlineData("preprocess-wordpiece-cased", "WordPiece", false)]
    [InlineData("preprocess-sentencepiece", "SentencePiece", true)]
    [InlineData("classifier-bert", "WordPiece", true)]
    [InlineData("classifier-albert", "SentencePiece", true)]
    public void Preprocessing_shows_in_the_operations(string name, string tokenizer, bool foldsCase)
    {
        var traces = Read(name).Preprocessing;
        Assert.Equal(tokenizer, traces.Tokenizer.ToString());
        Assert.Equal(foldsCase, traces.FoldsCase);
        Assert.Equal(128, traces.SequenceLength);
    }

    [Theory]
    [InlineData("preprocess-sentencepiece", "30k-clean.model")]
    [InlineData("classifier-albert", "saved_model/assets/30k-clean.model")]
    public void The_SentencePiece_model_is_an_attribute_of_its_operation(string name, string file) =>
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(BundleFixtures.PathOf($"{name}/{file}"))), SHA256.HashData(Read(name).Preprocessing.SentencePieceModel!));

    [Theory]
    [InlineData("encoder-bert")]
    [InlineData("encoder-bert-mlm")]
    [InlineData("encoder-bert-v2")]
    [InlineData("encoder-albert")]
    [InlineData("encoder-electra")]
    [InlineData("encoder-talkheads")]
    [InlineData("classifier-bert")]
    [InlineData("classifier-albert")]
    public void Its_object_graph_names_the_variables_as_the_bundles_own_does(string name)
    {
        using var bundle = (TensorBundle)Checkpoint.Open(BundleFixtures.PathOf($"{name}/saved_model"));
        var names = Read(name).Objects!.Names(bundle.Contains);
        foreach (var (fullName, keys) in bundle.FullNames.Where(entry => bundle.Contains(entry.Value[0])))
        {
            Assert.Equal(keys.Order(StringComparer.Ordinal), names[fullName].Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void It_stands_in_where_the_bundle_has_no_object_graph()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["saved_model", "variables"]);
        var graph = BundleWriter.Message(
            (1, BundleWriter.Message((1, BundleWriter.Message((1, 1), (2, "a/b.c"u8.ToArray()))))),
            (1, BundleWriter.Message((7, BundleWriter.Message((6, "pooler_transform/bias"u8.ToArray()))))));
        folder.Write("saved_model/saved_model.pb", BundleWriter.Message((2, BundleWriter.Message((7, graph)))));
        var bundle = new BundleWriter().PutTensor("a.Sb..c/.ATTRIBUTES/VARIABLE_VALUE", 1, [1], BitConverter.GetBytes(1.5f)).Write(folder, "saved_model/variables/variables");
        using var opened = (TensorBundle)Checkpoint.Open(bundle);
        Assert.Equal("a.Sb..c/.ATTRIBUTES/VARIABLE_VALUE", Assert.Single(opened.FullNames["pooler_transform/bias"]));
    }

    [Fact]
    public void A_checkpoint_file_says_which_of_several_is_the_newest()
    {
        using var bundle = Checkpoint.Open(BundleFixtures.PathOf("ckpt-bert/tf2"));
        Assert.EndsWith("pretrainer.ckpt-1.index", bundle.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty or cut off")]
    [InlineData("<html>", "web page")]
    [InlineData("no protocol buffer", "damaged")]
    [InlineData("\b\u0001", "no graph")]
    public void What_is_no_SavedModel_is_refused(string content, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(SavedModel.FileName, content);
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => SavedModel.Read(path)).Message);
    }

    // 300 damaged copies of three files: bytes changed, a stretch repeated, the end missing.
    [Theory]
    [InlineData("encoder-bert-v2", 1)]
    [InlineData("preprocess-wordpiece-cased", 2)]
    [InlineData("encoder-albert", 3)]
    public void A_damaged_file_is_read_or_refused_in_bounded_memory(string name, int seed)
    {
        var original = File.ReadAllBytes(BundleFixtures.PathOf($"{name}/saved_model/saved_model.pb"));
        using var folder = new TemporaryFolder();
        var path = folder[SavedModel.FileName];
        var random = new Random(seed);
        for (var i = 0; i < 100; i++)
        {
            File.WriteAllBytes(path, Damage(original, random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var model = SavedModel.Read(path);
                model.Objects?.Names(_ => true);
            }
            catch (CheckpointException error)
            {
                Assert.Contains(path, error.Message);
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16L * original.Length);
        }
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        var bytes = (byte[])original.Clone();
        switch (random.Next(3))
        {
            case 0:
                // The first bytes are the lengths of the outermost messages; most damage should lie deeper.
                for (var n = random.Next(1, 20); n > 0; n--)
                {
                    bytes[random.Next(16, bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
            case 1:
                var (from, to, length) = (random.Next(bytes.Length), random.Next(bytes.Length), random.Next(1, 5000));
                bytes.AsSpan(from, Math.Min(length, bytes.Length - Math.Max(from, to))).CopyTo(bytes.AsSpan(to));
                return bytes;
            default:
                return bytes[..random.Next(bytes.Length)];
        }
    }

    private static SavedModel Read(string name) => SavedModel.Read(BundleFixtures.PathOf($"{name}/saved_model/saved_model.pb"));
}
