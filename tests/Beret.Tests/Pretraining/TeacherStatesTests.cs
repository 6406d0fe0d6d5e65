using Beret.Data;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Pretraining;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Pretraining;

/// <summary>What the tokens of a student are to have of a teacher with another vocabulary.</summary>
public sealed class TeacherStatesTests : IDisposable
{
    // The student cuts amazing and great, the teacher movies.
    private static readonly string[] Words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "this", "is", "ama", "##zing", "movies", "the", "was", "gr", "##eat", "such"];

    private static readonly string[] Texts = ["this is amazing", "the movies was great such movies", "this", "such movies zebra this is the was great amazing movies"];

    private readonly TemporaryFolder temporary = new();
    private readonly string teacher;
    private readonly Tokenizer tokenizer;

    public TeacherStatesTests()
    {
        teacher = TinyModel.Write(temporary["teacher"]);
        temporary.Write("student/vocab.txt", string.Join('\n', Words) + "\n");
        tokenizer = Tokenizer.FromVocabulary(temporary["student", "vocab.txt"], lowerCase: true, TokenizerFlavour.HuggingFace);
        File.WriteAllLines(temporary["texts.txt"], Texts);
    }

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void A_token_gets_the_mean_of_its_words_states_and_CLS_that_of_all()
    {
        using var backend = CpuBackend.Create(1);
        using var corpus = Open(backend, Recipe, out var states);
        using var owned = states;
        using var encoder = Encoder.Load(teacher, new EncoderOptions { MaxLength = 16, Threads = 1 });
        states.Fill([1, 0]);

        // The teacher's tokens: [CLS] the movie ##s was great such movie ##s [SEP].
        var own = encoder.Encode(Texts[1]).Sequence!;
        Assert.Equal(10, own.Tokens);
        int[][] rows = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1], [2, 3], [4], [5], [5], [6], [7, 8]];
        for (var i = 0; i < rows.Length; i++)
        {
            AssertState(Standardized(Mean(own, rows[i])), states.Targets.Values.Slice(i * own.Features, own.Features));
        }

        // [SEP] of the first sequence has no target; the second follows it.
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13], states.Targets.Rows);
        AssertState(Standardized(Mean(encoder.Encode(Texts[0]).Sequence!, [2])), states.Targets.Values.Slice(10 * own.Features, own.Features));
    }

    [Fact]
    public void What_was_kept_is_what_was_computed()
    {
        using var backend = CpuBackend.Create(2);
        using var corpus = Open(backend, Recipe, out var states);
        using var owned = states;
        states.Fill([0, 1, 2]);
        var once = states.Targets.Values.ToArray();
        states.Fill([3]);
        states.Fill([0, 1, 2]);
        Assert.Equal(once, states.Targets.Values);
        Assert.Equal((corpus.Tokens + corpus.Count) * (24 + 4), states.KeptBytes);

        using var other = Open(backend, Recipe, out var fresh, keep: false);
        using var ownedToo = fresh;
        fresh.Fill([2]);
        fresh.Fill([0, 1, 2]);
        Assert.Equal(once, fresh.Targets.Values);
        Assert.Equal(0, fresh.KeptBytes);
    }

    [Fact]
    public void A_text_of_several_sequences_gives_each_its_own_words()
    {
        // Twelve student tokens, "gr" the last of one sequence and "##eat" the first of the next.
        using var backend = CpuBackend.Create(1);
        using var corpus = Open(backend, Recipe with { MaxLength = 10 }, out var states);
        using var owned = states;
        using var encoder = Encoder.Load(teacher, new EncoderOptions { MaxLength = 16, Threads = 1 });
        var sequences = Enumerable.Range(0, corpus.Count).Where(i => corpus.LengthOf(i) is 8 or 4).TakeLast(2).ToArray();
        Assert.Equal([8, 4], sequences.Select(corpus.LengthOf));
        states.Fill(sequences.AsSpan(1));

        // ##eat ama ##zing movies: the teacher reads great amazing movie ##s.
        var own = encoder.Encode("great amazing movies").Sequence!;
        AssertState(Standardized(Mean(own, [1])), states.Targets.Values.Slice(1 * own.Features, own.Features));
        AssertState(Standardized(Mean(own, [2])), states.Targets.Values.Slice(2 * own.Features, own.Features));
    }

    [Fact]
    public void Words_beyond_the_teachers_positions_have_no_target()
    {
        // The teacher has 32 positions.
        File.WriteAllText(temporary["texts.txt"], string.Join(' ', Enumerable.Repeat("this", 40)));
        using var backend = CpuBackend.Create(1);
        using var corpus = Open(backend, Recipe with { MaxLength = 64 }, out var states);
        using var owned = states;
        states.Fill([0]);
        Assert.Equal(Enumerable.Range(0, 31), states.Targets.Rows.ToArray());
    }

    [Fact]
    public void A_layer_that_is_not_there_is_refused()
    {
        using var backend = CpuBackend.Create(1);
        var error = Assert.Throws<TrainingException>(() => StateTeacher.Load(teacher, ModelSource.HuggingFace, backend, Recipe with { TeacherLayer = 3 }));
        Assert.Contains("--teacher-layer is 3", error.Message);
    }

    private static PretrainingRecipe Recipe => new() { MaxLength = 16, HeldOut = 0, Threads = 2 };

    private TokenCorpus Open(IBackend backend, PretrainingRecipe recipe, out TeacherStates states, bool keep = true)
    {
        var encoder = StateTeacher.Load(teacher, ModelSource.HuggingFace, backend, recipe);
        var seen = TeacherTokens.Create(temporary[$"{Guid.NewGuid():n}"], encoder.Tokenizer, encoder.Room);
        var corpus = TokenCorpus.Build(
            temporary[$"{Guid.NewGuid():n}"], [TextSource.Open(temporary["texts.txt"])], tokenizer, recipe, seen, report: null, TestContext.Current.CancellationToken);
        states = TeacherStates.Create(encoder, seen, corpus, keep ? temporary[$"{Guid.NewGuid():n}"] : null, threads: 2);
        return corpus;
    }

    private static double[] Mean(TokenVectors states, int[] rows) =>
        [.. Enumerable.Range(0, states.Features).Select(k => rows.Average(row => (double)states[row][k]))];

    private static double[] Standardized(double[] values)
    {
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return [.. values.Select(value => (value - mean) / deviation)];
    }

    private static void AssertState(double[] expected, ReadOnlySpan<float> actual)
    {
        // Half a step of 127 from 0 to the largest.
        var tolerance = 0.51 * expected.Max(Math.Abs) / 127;
        for (var k = 0; k < expected.Length; k++)
        {
            Assert.Equal(expected[k], actual[k], tolerance);
        }
    }
}
