using Beret.Checkpoints;
using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>A folder with a tiny random BERT and its vocabulary, and texts that it can learn to tell apart in a few steps.</summary>
public sealed class TinyWorld : IDisposable
{
    private static readonly string[] Good = ["great", "fine", "lovely", "superb"];
    private static readonly string[] Bad = ["awful", "poor", "dull", "weak"];
    private static readonly string[] Plain = ["the", "film", "was", "a", "story", "of", "and", "it", "this", "plot"];

    public TinyWorld()
    {
        Root = Path.Combine(Path.GetTempPath(), $"beret-tiny-{Guid.NewGuid():n}");
        Model = WriteModel("model", hiddenSize: 32, layers: 2);
    }

    public string Root { get; }

    public string Model { get; }

    public string Output(string name) => Path.Combine(Root, name);

    /// <summary>Writes a random model of some sizes.</summary>
    public string WriteModel(string name, int hiddenSize, int layers)
    {
        var folder = Output(name);
        Directory.CreateDirectory(folder);
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Good, .. Bad, .. Plain];
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), string.Join('\n', vocabulary) + "\n");
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {"model_type": "bert", "vocab_size": {{vocabulary.Length}}, "hidden_size": {{hiddenSize}}, "num_hidden_layers": {{layers}}, "num_attention_heads": 2,
             "intermediate_size": {{2 * hiddenSize}}, "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
            """);
        using var backend = CpuBackend.Create(1);
        using var model = new SequenceClassifier(backend, ConfigReader.Read(Path.Combine(folder, "config.json")), 1);
        var writer = new SafetensorsWriter();
        foreach (var parameter in model.Parameters.All.Where(p => !p.Name.StartsWith("classifier", StringComparison.Ordinal)))
        {
            var isNorm = parameter.Name.Contains("LayerNorm", StringComparison.Ordinal);
            if (parameter.Shape.Length == 2)
            {
                Initialization.TruncatedNormal(backend, parameter, 0.1, 7);
            }
            else
            {
                Initialization.Constant(backend, parameter, isNorm && parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
            }

            var values = new float[parameter.Length];
            backend.Read(parameter.Value, values);
            writer.Add(parameter.Name, [.. parameter.Shape.Select(size => (long)size)], values);
        }

        writer.Write(Path.Combine(folder, "model.safetensors"));
        return folder;
    }

    public static LabelledTexts Texts(int count, int seed = 1)
    {
        var random = new Random(seed);
        return new LabelledTexts(["neg", "pos"], [.. Enumerable.Range(0, count).Select(Make)], "tiny");

        Example Make(int i)
        {
            var label = random.Next(2);
            var words = Enumerable.Range(0, random.Next(3, 20)).Select(_ => Plain[random.Next(Plain.Length)]).ToList();
            words.Insert(random.Next(words.Count), label == 1 ? Good[random.Next(4)] : Bad[random.Next(4)]);
            return new Example(string.Join(' ', words), null, label, $"{i}.txt");
        }
    }

    public TrainingJob Job(string output, TrainingRecipe? recipe = null, bool resume = false) => new()
    {
        ModelFolder = Model,
        ModelName = "tiny",
        Data = Texts(200),
        DataName = "tiny",
        Output = Output(output),
        Resume = resume,
        Recipe = recipe ?? Recipe(),
    };

    public static TrainingRecipe Recipe() => new()
    {
        Epochs = 3, BatchSize = 16, MaxLength = 24, LearningRate = 3e-3, CheckpointEvery = 4, Threads = 2, Keep = KeepModel.Last, Baseline = false,
    };

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
