using Beret.Data;
using Beret.Numerics;
using Beret.Pretraining;
using Beret.Tests.Training;
using Beret.Text;

namespace Beret.Tests.Pretraining;

/// <summary>A tiny BERT and a language in which each sentence has two words only.</summary>
internal sealed class PretrainingWorld : IDisposable
{
    private static readonly string[] Words = ["the", "film", "was", "a", "story", "of", "and", "it", "this", "plot"];

    private readonly TinyWorld world = new();

    public PretrainingWorld()
    {
        var random = new Random(5);
        Texts = Path.Combine(world.Root, "texts.txt");
        File.WriteAllLines(Texts, Enumerable.Range(0, 300).Select(_ => Sentence(random.Next(10), random.Next(10), random.Next(6, 40))));
        Config = Path.Combine(Model, "config.json");
        Vocabulary = Path.Combine(Model, "vocab.txt");
    }

    public string Texts { get; }

    public string Model => world.Model;

    public string Config { get; }

    public string Vocabulary { get; }

    public static PretrainingRecipe Recipe => new()
    {
        Steps = 24, BatchTokens = 200, MaxLength = 24, LearningRate = 3e-3, HeldOut = 0.1, CheckpointEvery = 4, ValidateEvery = 10, Threads = 2,
    };

    public string Output(string name) => world.Output(name);

    public Tokenizer Tokenizer() => Beret.Text.Tokenizer.Load(Model);

    public TokenCorpus Corpus(PretrainingRecipe? recipe = null) => TokenCorpus.Build(
        Output($"{Guid.NewGuid():n}.tokens"), [TextSource.Open(Texts)], Tokenizer(), recipe ?? Recipe, teacher: null, report: null, TestContext.Current.CancellationToken);

    public PretrainingJob Job(string output, PretrainingRecipe? recipe = null, bool resume = false) => new()
    {
        ConfigFile = Config,
        Vocabulary = Vocabulary,
        ModelName = Config,
        Texts = [TextSource.Open(Texts)],
        TextNames = [Texts],
        Output = Output(output),
        Recipe = recipe ?? Recipe,
        Resume = resume,
    };

    public void Dispose() => world.Dispose();

    private static string Sentence(int first, int second, int length) => string.Join(' ', Enumerable.Range(0, length).Select(i => Words[i % 2 == 0 ? first : second]));
}
