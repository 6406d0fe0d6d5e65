using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Inference;

public sealed class ModelReductionTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData(12, 6, 0, 2, 4, 7, 9, 11)] // DistilBERT's
    [InlineData(12, 4, 0, 4, 7, 11)]
    [InlineData(12, 1, 11)]
    [InlineData(6, 3, 0, 3, 5)]
    [InlineData(4, 4, 0, 1, 2, 3)]
    public void Layers_are_kept_at_even_distances(int of, int keep, params int[] layers) => Assert.Equal(layers, ModelReduction.Spread(of, keep));

    [Fact]
    public void Kept_layers_have_the_weights_they_had_under_their_new_numbers()
    {
        var source = TinyModel.Write(temporary["source"]);
        var summary = ModelReduction.Reduce(source, temporary["student"], new ReductionOptions { Layers = [1] });
        Assert.Equal([1], summary.Layers);
        using var old = Checkpoint.Open(source);
        using var student = Checkpoint.Open(temporary["student"]);
        Assert.Equal(summary.Parameters, student.Tensors.Sum(tensor => tensor.Count));
        Assert.DoesNotContain(student.Tensors, tensor => tensor.Name.Contains(".layer.1."));
        Assert.All(student.Tensors, tensor => Assert.Equal(old.Read(tensor.Name.Replace(".layer.0.", ".layer.1.")), student.Read(tensor.Name)));
        Assert.Equal(1, ConfigReader.Read(temporary["student", "config.json"]).Layers);
    }

    [Fact]
    public void All_layers_and_the_old_vocabulary_give_the_encoder_that_was_there()
    {
        var source = TinyModel.Write(temporary["source"]);
        ModelReduction.Reduce(source, temporary["student"], new ReductionOptions());
        using var before = Encoder.Load(source, new EncoderOptions { MaxLength = 16 });
        using var after = Encoder.Load(temporary["student"], new EncoderOptions { MaxLength = 16 });
        Assert.Equal(before.Encode(TinyModel.Sentences[0]).Pooled.ToArray(), after.Encode(TinyModel.Sentences[0]).Pooled.ToArray());
    }

    [Fact]
    public void A_token_of_both_vocabularies_keeps_its_embedding_and_any_other_gets_the_mean_of_its_old_pieces()
    {
        var source = TinyModel.Write(temporary["source"]);
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "movie", "##n", "movies", "##sn", "zebra"];
        temporary.Write("vocab/vocab.txt", string.Join('\n', tokens) + "\n");
        var summary = ModelReduction.Reduce(source, temporary["student"], new ReductionOptions { Vocabulary = temporary["vocab"] });
        Assert.Equal((7, 2, 1), (summary.Taken, summary.Averaged, summary.Unknown));

        const string table = "bert.embeddings.word_embeddings.weight";
        using var old = Checkpoint.Open(source);
        using var student = Checkpoint.Open(temporary["student"]);
        var (was, now) = (Rows(old), Rows(student));
        Assert.Equal(tokens.Length, now.Length);
        Assert.Equal(was[Id("movie")], now[5]);
        Assert.Equal(was[Id("##n")], now[6]);
        Assert.Equal(Mean(was[Id("movie")], was[Id("##s")]), now[7]);
        Assert.Equal(Mean(was[Id("##s")], was[Id("##n")]), now[8]);
        Assert.Equal(was[Id("[UNK]")], now[9]);
        Assert.All(old.Tensors.Where(tensor => tensor.Name != table && student.Contains(tensor.Name)), tensor => Assert.Equal(old.Read(tensor.Name), student.Read(tensor.Name)));

        static float[][] Rows(Checkpoint checkpoint) => [.. checkpoint.Read(table).Chunk(TinyModel.Config.HiddenSize)];
        static int Id(string token) => Array.IndexOf(TinyModel.Words, token);
        static float[] Mean(float[] a, float[] b) => [.. a.Zip(b, (x, y) => (x / 2) + (y / 2))];
    }

    [Fact]
    public void Special_tokens_are_matched_by_what_they_are_for()
    {
        var source = TinyModel.Write(temporary["source"]);
        temporary.Write("vocab/vocab.txt", "<m>\n<s>\n</s>\n<u>\n<p>\n");
        temporary.Write("vocab/tokenizer_config.json", """{"pad_token": "<p>", "unk_token": "<u>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<m>"}""");
        ModelReduction.Reduce(source, temporary["student"], new ReductionOptions { Vocabulary = temporary["vocab"] });
        using var old = Checkpoint.Open(source);
        using var student = Checkpoint.Open(temporary["student"]);
        var was = old.Read("bert.embeddings.word_embeddings.weight").Chunk(TinyModel.Config.HiddenSize).ToArray();
        int[] order = [4, 2, 3, 1, 0];
        Assert.Equal(order.SelectMany(id => was[id]), student.Read("bert.embeddings.word_embeddings.weight"));
        Assert.Equal(4, ConfigReader.Read(temporary["student", "config.json"]).PaddingId);
    }

    [Fact]
    public void A_trained_vocabulary_makes_a_student_that_reads_text()
    {
        var options = new VocabularyOptions { Size = 40, MinFrequency = 1 };
        var words = new WordCounter(options);
        words.Add("this movie was great, that movie was terrible!");
        VocabularyTrainer.Train(words, options, cancellationToken: TestContext.Current.CancellationToken).Save(temporary["vocab"]);
        ModelReduction.Reduce(
            TinyModel.Write(temporary["source"]), temporary["student"], new ReductionOptions { Vocabulary = temporary["vocab"], Layers = ModelReduction.Spread(2, 1) });
        using var student = Encoder.Load(temporary["student"], new EncoderOptions { MaxLength = 16 });
        Assert.All(student.Encode("that movie").Pooled.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 2)]
    [InlineData(-1)]
    [InlineData(0, 0)]
    [InlineData]
    public void Layers_that_are_not_there_or_out_of_order_are_refused(params int[] layers)
    {
        var error = Assert.Throws<InferenceException>(() =>
            ModelReduction.Reduce(TinyModel.Write(temporary["source"]), temporary["student"], new ReductionOptions { Layers = layers }));
        Assert.Contains("0 to 1", error.Message);
        Assert.False(Directory.Exists(temporary["student"]));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_left_alone()
    {
        temporary.Write("student/mine.txt", "mine");
        Assert.Throws<InferenceException>(() => ModelReduction.Reduce(TinyModel.Write(temporary["source"]), temporary["student"], new ReductionOptions()));
    }
}
