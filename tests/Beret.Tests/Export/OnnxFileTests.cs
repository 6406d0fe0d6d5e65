using Beret.Onnx;
using Beret.Tests.Models;
using global::Onnx;

namespace Beret.Tests.Export;

/// <summary>The file as any reader of the published schema sees it.</summary>
public sealed class OnnxFileTests
{
    public static TheoryData<string> Families => [.. SmallModel.Names];

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryNodeReadsWhatIsThereBeforeIt(string name)
    {
        foreach (var precision in Enum.GetValues<OnnxPrecision>())
        {
            var graph = Read(name, new OnnxExportOptions { Precision = precision }).Graph;
            var known = graph.Input.Select(input => input.Name).Concat(graph.Initializer.Select(tensor => tensor.Name)).ToHashSet(StringComparer.Ordinal);
            Assert.Equal(graph.Input.Count + graph.Initializer.Count, known.Count);
            foreach (var node in graph.Node)
            {
                Assert.All(node.Input, input => Assert.True(input == "" || known.Contains(input), $"{node.Name} reads {input}"));
                Assert.All(node.Output, output => Assert.True(known.Add(output), $"{output} is there twice"));
            }

            Assert.Equal(graph.Node.Count, graph.Node.Select(node => node.Name).Distinct().Count());
            Assert.Equal(["logits"], graph.Output.Select(output => output.Name));
            Assert.Contains("logits", known);

            // Nothing is carried along that no node reads.
            Assert.Equal([], graph.Initializer.Select(tensor => tensor.Name).Except(graph.Node.SelectMany(node => node.Input)));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryWeightOfTheModelIsThere(string name)
    {
        using var world = new ExportedWorld(SmallModel.Named(name));
        var tensors = Read(world, new OnnxExportOptions()).Graph.Initializer;
        Assert.All(world.Model.Parameters.All, parameter =>
        {
            var tensor = Assert.Single(tensors, tensor => tensor.Name == parameter.Name || tensor.Name == $"{parameter.Name}.transposed");
            Assert.Equal(parameter.Length, tensor.Dims.Aggregate(1L, (count, size) => count * size));
            Assert.Equal(parameter.Length * sizeof(float), tensor.RawData.Length);
        });
    }

    [Fact]
    public void WeightsOfProductsAreTransposed()
    {
        using var world = new ExportedWorld(SmallModel.Config());
        var parameter = world.Model.Parameters.All.Single(parameter => parameter.Name == "bert.encoder.layer.1.intermediate.dense.weight");
        var values = new float[parameter.Length];
        world.Backend.Read(parameter.Value, values);
        var tensor = Read(world, new OnnxExportOptions()).Graph.Initializer.Single(tensor => tensor.Name == $"{parameter.Name}.transposed");
        Assert.Equal([48, 160], tensor.Dims);
        var written = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();
        Assert.All(Enumerable.Range(0, values.Length), i => Assert.Equal(values[i], written[i % 48 * 160 + i / 48]));
    }

    [Fact]
    public void InputsAreThoseThatTheFamilyHas()
    {
        Assert.Equal(["input_ids", "attention_mask", "token_type_ids"], Read("bert", new()).Graph.Input.Select(input => input.Name));
        Assert.Equal(["input_ids", "attention_mask"], Read("distilbert", new()).Graph.Input.Select(input => input.Name));
        var shape = Read("bert", new()).Graph.Input[0].Type.TensorType;
        Assert.Equal((int)TensorProto.Types.DataType.Int64, shape.ElemType);
        Assert.Equal(["batch", "length"], shape.Shape.Dim.Select(size => size.DimParam));
    }

    [Theory]
    [InlineData(17, 8)]
    [InlineData(19, 9)]
    [InlineData(21, 10)]
    public void TheFileSaysItsVersionsAndWhatTheModelDecides(int opset, int ir)
    {
        var model = Read("bert", new OnnxExportOptions { Opset = opset });
        Assert.Equal(ir, model.IrVersion);
        Assert.Equal([("", (long)opset)], model.OpsetImport.Select(set => (set.Domain, set.Version)));
        Assert.Equal("Beret", model.ProducerName);
        var metadata = model.MetadataProps.ToDictionary(pair => pair.Key, pair => pair.Value);
        Assert.Equal("multi-class", metadata["beret.task"]);
        Assert.Equal("""["red","green","blue"]""", metadata["beret.labels"]);
        Assert.Equal("hf", metadata["beret.tokenizer.flavour"]);
        Assert.Equal("40", metadata["beret.tokenizer.max_length"]);
        Assert.Equal("head", metadata["beret.tokenizer.truncation"]);
    }

    [Fact]
    public void GraphsBelowAndAboveWhatCanBeWrittenAreRefused()
    {
        using var world = new ExportedWorld(SmallModel.Config());
        Assert.Contains("17 to 21", Assert.Throws<OnnxException>(() => OnnxExport.Write("x", "y", new OnnxExportOptions { Opset = 16 })).Message, StringComparison.Ordinal);
        Assert.Contains("17 to 21", Assert.Throws<OnnxException>(() => OnnxExport.Write("x", "y", new OnnxExportOptions { Opset = 22 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATextIsTokenizedByTheOperatorOfOnnxRuntimeExtensions()
    {
        var model = Read("bert", new OnnxExportOptions { WithTokenizer = true });
        var input = Assert.Single(model.Graph.Input);
        Assert.Equal(("text", (int)TensorProto.Types.DataType.String), (input.Name, input.Type.TensorType.ElemType));
        Assert.Contains(("ai.onnx.contrib", 1L), model.OpsetImport.Select(set => (set.Domain, set.Version)));

        // The attributes that the operator reads (operators/tokenizer/bert_tokenizer.cc), and its outputs: ids, types, mask.
        var node = model.Graph.Node[0];
        Assert.Equal(("BertTokenizer", "ai.onnx.contrib"), (node.OpType, node.Domain));
        Assert.Equal(3, node.Output.Count);
        Assert.Equal(
            [
                "vocab_file", "do_lower_case", "do_basic_tokenize", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "tokenize_chinese_chars", "strip_accents",
                "suffix_indicator", "truncation_strategy_name", "max_length",
            ],
            node.Attribute.Select(attribute => attribute.Name));
        var vocabulary = node.Attribute[0].S.ToStringUtf8().Split('\n');
        Assert.Equal(Inference.TinyModel.Words, vocabulary);
        Assert.Equal(40, node.Attribute.Single(attribute => attribute.Name == "max_length").I);
        Assert.Equal(1, model.Graph.Output[0].Type.TensorType.Shape.Dim[0].DimValue);
        Assert.Equal(node.Output[0], model.Graph.Node.First(other => other.Output[0] == Reader(model, "bert.embeddings.word_embeddings.weight").Input[1]).Input[0]);
    }

    private static NodeProto Reader(ModelProto model, string weight) => model.Graph.Node.Single(node => node.Input.Contains(weight));

    private static ModelProto Read(string name, OnnxExportOptions options)
    {
        using var world = new ExportedWorld(SmallModel.Named(name));
        return Read(world, options);
    }

    private static ModelProto Read(ExportedWorld world, OnnxExportOptions options)
    {
        world.Write(options);
        return ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.File));
    }
}
