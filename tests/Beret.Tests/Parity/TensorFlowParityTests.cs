using Beret.Inference;
using Beret.Numerics;
using Beret.Parity;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Parity;

/// <summary>Every encoder and checkpoint of fixtures/tf computes what it computed in TensorFlow, within the default tolerances of <c>beret parity</c>.</summary>
public class TensorFlowParityTests
{
    public static TheoryData<string, string> Models => new()
    {
        { "encoder-bert", "encoder-bert" },
        { "encoder-bert-mlm", "encoder-bert-mlm" },
        { "encoder-bert-v2/saved_model", "encoder-bert-v2" },
        { "encoder-albert", "encoder-albert" },
        { "encoder-electra", "encoder-electra" },
        { "encoder-talkheads", "encoder-talkheads" },
        { "ckpt-bert", "ckpt-bert" },
        { "ckpt-bert/bert_model.ckpt", "ckpt-bert" },
        { "ckpt-bert/tf2/encoder.ckpt-1", "ckpt-bert" },
        { "ckpt-bert/tf2/pretrainer.ckpt-1.index", "ckpt-bert" },
        { "ckpt-bert-adam-shards", "ckpt-bert-adam-shards" },
        { "ckpt-albert", "ckpt-albert" },
        { "ckpt-electra", "ckpt-electra" },
        { "classifier-bert", "classifier-bert" },
        { "classifier-albert", "classifier-albert" },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void It_computes_what_it_computed_in_TensorFlow(string model, string name) => AssertParity(PathOf(model), name);

    [Theory]
    [MemberData(nameof(Models))]
    public void Converted_it_still_does(string model, string name)
    {
        using var folder = new TemporaryFolder();
        var destination = folder["converted"];
        ModelConversion.Convert(PathOf(model), destination);
        Assert.Contains("model.safetensors", Directory.GetFiles(destination).Select(Path.GetFileName));
        AssertParity(destination, name);
    }

    [Fact]
    public void Rows_that_are_all_masked_and_masked_positions_are_left_out_and_counted()
    {
        var rows = Compare(PathOf("encoder-bert"), "encoder-bert").ToDictionary(row => row.Name);
        var (pooled, sequence) = (rows["edge/pooled_output"], rows["edge/sequence_output"]);
        Assert.Equal((48, 48), (pooled.Elements, pooled.LeftOut));
        Assert.Equal(2 * 8 * 48, sequence.Elements + sequence.LeftOut);
        Assert.True(sequence.LeftOut >= 8 * 48);
        Assert.Equal(0, rows["a/pooled_output"].LeftOut);
        Assert.True(rows["a/encoder_outputs/2"].LeftOut > 0);
    }

    [Fact]
    public void Gradients_are_compared_in_the_shape_of_the_variable()
    {
        var rows = Compare(PathOf("encoder-talkheads"), "encoder-talkheads").Where(row => row.Name.StartsWith("a/grad/", StringComparison.Ordinal)).ToDictionary(row => row.Name[7..]);
        Assert.True(rows["word_embeddings/embeddings"].IsCompared);
        Assert.True(rows["transformer_scaffold_1/self_attention/post_softmax_weight"].IsCompared);
        Assert.True(rows["transformer_scaffold/self_attention/attention_output/kernel"].IsCompared);
        Assert.All(rows.Values.Where(row => !row.IsCompared), row => Assert.EndsWith("key/bias", row.Name));
    }

    [Fact]
    public void What_TensorFlow_does_not_name_is_listed()
    {
        var rows = Compare(PathOf("classifier-bert"), "classifier-bert").ToDictionary(row => row.Name);
        Assert.Equal("no output of this name", rows["labels_of_reviews"].Note);
        Assert.True(rows["logits_float64"].IsCompared);
        Assert.True(rows["probabilities"].IsCompared);
        Assert.Equal(1e-5, rows["logits"].Allowed);
    }

    private static void AssertParity(string model, string name)
    {
        var rows = Compare(model, name);
        Assert.Empty(rows.Where(row => !row.Passes).Select(row => $"{row.Name}: {row.LargestDifference:g3} > {row.Allowed:g3} {row.Remark}"));
        Assert.Empty(rows.Where(row => !row.IsCompared
            && row.Name != "labels_of_reviews" && !row.Name.StartsWith("mlm/", StringComparison.Ordinal) && !row.Name.EndsWith("key/bias", StringComparison.Ordinal))
            .Select(row => $"{row.Name}: {row.Note}"));
        Assert.True(rows.Count(row => row.IsCompared) >= 2);
    }

    private static IReadOnlyList<ParityRow> Compare(string model, string name)
    {
        using var backend = CpuBackend.Create(1);
        return ParityRun.Run(model, PathOf($"{name}/expected.safetensors"), null, backend);
    }

    private static string PathOf(string name)
    {
        var parts = name.Split('/');
        return Path.Combine(Shared.Path(["fixtures", "tf", parts[0]]), Path.Combine(parts[1..]));
    }
}
