using System.Text.Json.Nodes;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Onnx;
using Beret.Onnx.Checks;
using Beret.Tasks;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Text;

namespace Beret.Tests.Export;

/// <summary>A small random model of a family, its export, and texts for both: token ids, some of them with two segments.</summary>
internal sealed class ExportedWorld : IDisposable
{
    public const int Outputs = 3;

    private readonly TemporaryFolder temporary = new();
    private readonly ExportedModel exported;

    public ExportedWorld(EncoderConfig config, string[]? labels = null)
    {
        labels ??= ["red", "green", "blue"];
        Backend = CpuBackend.Create(1);
        Model = SmallModel.Create(Backend, config, labels.Length);
        var description = new ModelDescription { Task = TaskNames.MultiClass, Labels = labels, Flavour = TokenizerFlavour.HuggingFace, MaxLength = 40, Truncation = Truncation.Head };
        exported = new ExportedModel(Backend, Model, TinyModel.MakeTokenizer(temporary["tokenizer"], TokenizerFlavour.HuggingFace), description);
    }

    public IBackend Backend { get; }

    public SequenceClassifier Model { get; }

    public string File => temporary["model.onnx"];

    /// <summary>Sequences of these lengths with random tokens; the second half of each is a second segment where the model tells segments apart.</summary>
    public static (int[][] Ids, int[][] Types) Texts(EncoderConfig config, params int[] lengths)
    {
        var random = new Random(5);

        // Position tables of RoBERTa's kind count from the padding token, which no text holds.
        int[][] ids = [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => random.Next(2, config.VocabularySize)).ToArray())];
        int[][] types = [.. lengths.Select(length => Enumerable.Range(0, length).Select(i => config.TypeVocabularySize > 1 && i > length / 2 ? 1 : 0).ToArray())];
        return (ids, types);
    }

    public OnnxExportSummary Write(OnnxExportOptions? options = null) => OnnxExport.Write(exported, File, options ?? new OnnxExportOptions());

    /// <summary>What Beret computes: [texts, K].</summary>
    public float[] Expected((int[][] Ids, int[][] Types) texts, ElementType arithmetic = ElementType.Float32)
    {
        var batch = new PackedBatch();
        foreach (var (ids, types) in texts.Ids.Zip(texts.Types))
        {
            batch.Add(ids, types);
        }

        Model.Parameters.Use(arithmetic);
        using var runner = new BatchRunner(Model, Backend);
        var logits = new float[texts.Ids.Length * Model.Outputs];
        runner.Run(batch, logits);
        return logits;
    }

    /// <summary>What ONNX Runtime computes of the file, for all texts in one batch that is filled up.</summary>
    public float[] Found(NodeRuntime node, (int[][] Ids, int[][] Types) texts, int padding = 0)
    {
        var answer = node.Ask(new JsonObject { ["model"] = File, ["padding"] = padding, ["ids"] = Rows(texts.Ids), ["types"] = Rows(texts.Types) });
        Assert.Equal([texts.Ids.Length, Model.Outputs], answer.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()));
        return [.. answer.GetProperty("logits").EnumerateArray().Select(value => value.GetSingle())];
    }

    public static double Difference(float[] expected, float[] found) => expected.Zip(found, (x, y) => float.IsFinite(y) ? Math.Abs((double)x - y) : double.PositiveInfinity).Max();

    public void Dispose()
    {
        exported.Dispose();
        temporary.Dispose();
    }

    private static JsonArray Rows(int[][] rows) => [.. rows.Select(row => (JsonNode)new JsonArray([.. row.Select(number => (JsonNode)number)]))];
}
