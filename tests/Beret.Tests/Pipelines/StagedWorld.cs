using Beret.Hub;
using Beret.Pipelines;
using Beret.Pretraining;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pipelines;

/// <summary>A staged run of tiny models over texts that they learn in seconds.</summary>
internal sealed class StagedWorld : IDisposable
{
    private readonly TinyWorld world = new();

    public StagedWorld() => Student = world.WriteModel("student", hiddenSize: 16, layers: 1);

    public string Model => world.Model;

    public string Student { get; }

    public static StagedRecipe Recipe => new()
    {
        Stages = TrainingStages.Parse(TrainingStages.All),
        Pretraining = new PretrainingRecipe { Steps = 12, BatchTokens = 400, MaxLength = 24, LearningRate = 1e-3, HeldOut = 0.1, CheckpointEvery = 2, Threads = 2 },
        Chunks = TinyWorld.Recipe() with { Epochs = 2, LearningRate = 5e-3, MaxLength = 6 },
        FineTuning = TinyWorld.Recipe() with { Epochs = 12, LearningRate = 5e-3 },
        Distillation = TinyWorld.Recipe() with { Epochs = 8, LearningRate = 1e-2 },
        DistilMaxDrop = 100,
        QuantizeMaxDrop = 100,
    };

    public string Output(params string[] parts) => Path.Combine([world.Root, .. parts]);

    public StagedJob Job(string output, StagedRecipe? recipe = null, bool resume = false) => new()
    {
        Model = new ResolvedModel(world.Model, world.Model, ModelSource.HuggingFace),
        Student = new ResolvedModel(Student, Student, ModelSource.HuggingFace),
        Data = TinyWorld.Texts(200),
        DataName = "tiny",
        Output = Output(output),
        Recipe = recipe ?? Recipe,
        Resume = resume,
    };

    public void Dispose() => world.Dispose();
}
