using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;

namespace Beret.Tests.Checkpoints.TensorFlow;

/// <summary>Every family of encoders, as TensorFlow stores it: which Hugging Face parameters its variables are, with which values.</summary>
public class EncoderFamilyTests
{
    private const string Block = "encoder.albert_layer_groups.0.albert_layers.0";

    [Theory]
    [InlineData("encoder-bert/saved_model", "bert", 55)]
    [InlineData("encoder-bert-v2/saved_model", "bert", 39)]
    [InlineData("encoder-electra/saved_model", "electra", 41)]
    [InlineData("encoder-albert/saved_model", "albert", 25)]
    [InlineData("encoder-talkheads/saved_model", "talking-heads", 47)]
    [InlineData("classifier-albert/saved_model", "albert", 27)]
    [InlineData("ckpt-albert/model.ckpt-best", "albert", 25)]
    [InlineData("ckpt-electra/electra_model.ckpt", "electra", 55)]
    [InlineData("ckpt-bert", "bert", 39)]
    [InlineData("ckpt-bert/tf2", "bert", 39)]
    public void A_family_is_known_by_its_names(string path, string family, int parameters)
    {
        using var bundle = Open(path);
        var names = TensorFlowNames.Of(bundle.FullNames.Keys);
        Assert.NotNull(names);
        Assert.Equal(family, names.Family);
        using var view = names.AsHuggingFace(bundle);
        Assert.Equal(parameters, view.Tensors.Count);
        Assert.All(view.Tensors, tensor => Assert.True(tensor.Name.StartsWith(names.Root, StringComparison.Ordinal) || tensor.Name.StartsWith("classifier.", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_no_encoder_is_no_family() => Assert.Null(TensorFlowNames.Of(["save_counter", "total", "Adam/iter"]));

    [Theory]
    [InlineData("encoder-albert/saved_model")]
    [InlineData("ckpt-albert")]
    public void ALBERT_has_the_names_and_shapes_of_Hugging_Face(string path)
    {
        using var view = View(path);
        Assert.Equal(
            [
                "albert.embeddings.LayerNorm.bias [16]",
                "albert.embeddings.LayerNorm.weight [16]",
                $"albert.embeddings.position_embeddings.weight [{(path == "ckpt-albert" ? 64 : 128)}, 16]",
                "albert.embeddings.token_type_embeddings.weight [2, 16]",
                "albert.embeddings.word_embeddings.weight [1000, 16]",
                $"albert.{Block}.attention.LayerNorm.bias [48]",
                $"albert.{Block}.attention.LayerNorm.weight [48]",
                $"albert.{Block}.attention.dense.bias [48]",
                $"albert.{Block}.attention.dense.weight [48, 48]",
                $"albert.{Block}.attention.key.bias [48]",
                $"albert.{Block}.attention.key.weight [48, 48]",
                $"albert.{Block}.attention.query.bias [48]",
                $"albert.{Block}.attention.query.weight [48, 48]",
                $"albert.{Block}.attention.value.bias [48]",
                $"albert.{Block}.attention.value.weight [48, 48]",
                $"albert.{Block}.ffn.bias [96]",
                $"albert.{Block}.ffn.weight [96, 48]",
                $"albert.{Block}.ffn_output.bias [48]",
                $"albert.{Block}.ffn_output.weight [48, 96]",
                $"albert.{Block}.full_layer_layer_norm.bias [48]",
                $"albert.{Block}.full_layer_layer_norm.weight [48]",
                "albert.encoder.embedding_hidden_mapping_in.bias [48]",
                "albert.encoder.embedding_hidden_mapping_in.weight [48, 16]",
                "albert.pooler.bias [48]",
                "albert.pooler.weight [48, 48]",
            ],
            view.Tensors.Select(tensor => $"{tensor.Name} {tensor.ShapeText}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Talking_heads_have_BERTs_names_and_a_gate_and_two_mixing_matrices_in_each_block()
    {
        using var talking = View("encoder-talkheads/saved_model");
        using var bert = View("encoder-bert-v2/saved_model");
        var expected = bert.Tensors.Select(tensor => tensor.Name.Replace("bert.", "talking_heads.", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(
            Enumerable.Range(0, 2).SelectMany(i => (string[])
            [
                $"talking_heads.encoder.layer.{i}.attention.self.post_softmax.weight [4, 4]",
                $"talking_heads.encoder.layer.{i}.attention.self.pre_softmax.weight [4, 4]",
                $"talking_heads.encoder.layer.{i}.intermediate.gate.bias [96]",
                $"talking_heads.encoder.layer.{i}.intermediate.gate.weight [96, 48]",
            ]),
            Shapes(talking).Order(StringComparer.Ordinal));
        Assert.Subset(talking.Tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal), expected);

        IEnumerable<string> Shapes(Checkpoint checkpoint) =>
            checkpoint.Tensors.Where(tensor => !expected.Contains(tensor.Name)).Select(tensor => $"{tensor.Name} {tensor.ShapeText}");
    }

    [Fact]
    public void Head_mixing_matrices_are_not_transposed()
    {
        using var bundle = Open("encoder-talkheads/saved_model");
        using var view = View("encoder-talkheads/saved_model");
        foreach (var (theirs, ours) in (ReadOnlySpan<(string, string)>)[("pre_softmax_weight", "pre_softmax"), ("post_softmax_weight", "post_softmax")])
        {
            Assert.Equal(
                bundle.Read(Assert.Single(bundle.FullNames[$"transformer_scaffold_1/self_attention/{theirs}"])),
                view.Read($"talking_heads.encoder.layer.1.attention.self.{ours}.weight"));
        }
    }

    [Fact]
    public void Scaffolds_are_counted_by_their_order_wherever_Keras_began_to_number_them()
    {
        string[] names = [.. Enumerable.Range(0, 12).Select(i => $"transformer_scaffold_{i + 3}/self_attention/query/bias"), "x/transformer_scaffold_24/feedforward/gate_0/bias"];
        var map = TensorFlowNames.Of(names)!;
        Assert.Equal("talking_heads.encoder.layer.0.attention.self.query.bias", map.Find(names[0])!.Name);
        Assert.Equal("talking_heads.encoder.layer.11.attention.self.query.bias", map.Find(names[11])!.Name);
        Assert.Equal("talking_heads.encoder.layer.12.intermediate.gate.bias", map.Find(names[12])!.Name);
    }

    // bundle.json: the sum of each variable in float64 and its first numbers, as TensorFlow reads it.
    [Theory]
    [InlineData("encoder-bert")]
    [InlineData("encoder-electra")]
    [InlineData("encoder-albert")]
    [InlineData("encoder-talkheads")]
    [InlineData("encoder-bert-v2")]
    [InlineData("encoder-bert-mlm")]
    public void Every_parameter_has_the_values_of_its_variable(string name)
    {
        using var bundle = Open($"{name}/saved_model");
        var map = TensorFlowNames.Of(bundle.FullNames.Keys)!;
        using var view = map.AsHuggingFace(bundle);
        var values = BundleFixtures.Json($"{name}/bundle.json").GetProperty("values");
        var seen = 0;
        foreach (var (fullName, keys) in bundle.FullNames)
        {
            if (map.Find(fullName) is not { } target)
            {
                continue;
            }

            var expected = values.GetProperty(keys.Single());
            var read = view.Read(target.Name);
            Assert.Equal(expected.GetProperty("sum_float64").GetDouble(), read.Sum(value => (double)value), 1e-6);
            Assert.Equal((float)expected.GetProperty("first")[0].GetDouble(), read[0]);
            seen++;
        }

        Assert.Equal(view.Tensors.Count, seen);
    }

    private static TensorBundle Open(string path) => (TensorBundle)Checkpoint.Open(BundleFixtures.PathOf(path));

    private static Checkpoint View(string path)
    {
        var bundle = Open(path);
        return TensorFlowNames.Of(bundle.FullNames.Keys)!.AsHuggingFace(bundle);
    }
}
