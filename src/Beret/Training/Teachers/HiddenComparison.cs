using Beret.Models;
using Beret.Numerics;

namespace Beret.Training.Teachers;

/// <summary>What of a student's hidden states is compared.</summary>
/// <param name="Layers">The student's layers, from 1.</param>
/// <param name="Width">The size of the teacher's states.</param>
/// <param name="IsProjected">Whether the student's have another.</param>
internal sealed record HiddenSizes(IReadOnlyList<int> Layers, int Width, bool IsProjected);

/// <summary>
/// Holds a student's hidden states to its teacher's (Jiao et al., "TinyBERT", 2020, equation 8): of each token that the teacher has something for, the mean squared difference of the
/// student's state, projected where the widths differ, from the teacher's <see cref="StateMean"/>.
/// </summary>
internal sealed class HiddenComparison
{
    private readonly IBackend backend;
    private readonly Pair[] pairs;
    private readonly StateMean mean;
    private float[] read = [];

    /// <param name="backend">Of both models.</param>
    /// <param name="which">The layers that are compared.</param>
    /// <param name="studentLayers">The student's.</param>
    /// <param name="teacher">The teacher's sizes.</param>
    public HiddenComparison(IBackend backend, HiddenStates which, int studentLayers, EncoderConfig teacher)
    {
        this.backend = backend;
        mean = new StateMean(teacher.HiddenSize);
        pairs = [.. LayersOf(which, studentLayers).Select(layer => new Pair(layer, Match(layer, studentLayers, teacher.Layers), new TeacherTargets(teacher.HiddenSize)))];
    }

    /// <summary>The student's layers that are compared, from 1.</summary>
    public static IReadOnlyList<int> LayersOf(HiddenStates which, int studentLayers) => which switch
    {
        HiddenStates.Last => [studentLayers],
        HiddenStates.All => [.. Enumerable.Range(1, studentLayers)],
        _ => [],
    };

    /// <summary>The teacher's layer for one of the student's.</summary>
    public static int Match(int layer, int studentLayers, int teacherLayers) => ((layer * teacherLayers) + studentLayers - 1) / studentLayers;

    /// <summary>What is compared, in a line.</summary>
    public override string ToString() => string.Join(", ", pairs.Select(pair => $"{pair.Layer} → {pair.TeacherLayer}"));

    /// <summary>Takes the states of one of the teacher's layers.</summary>
    /// <param name="number">The layer, from 1.</param>
    /// <param name="states">[T′, H′].</param>
    /// <param name="ranges">For each of the student's tokens the first of the teacher's and the one after the last.</param>
    public void Learn(int number, Matrix states, ReadOnlySpan<(int First, int End)> ranges)
    {
        foreach (var pair in pairs)
        {
            if (pair.TeacherLayer != number)
            {
                continue;
            }

            if (read.Length < states.Length)
            {
                read = new float[states.Length];
            }

            backend.Read(states, read.AsSpan(0, (int)states.Length));
            pair.Targets.Clear();
            for (var row = 0; row < ranges.Length; row++)
            {
                var (first, end) = ranges[row];
                if (mean.Take(read, first, end - first))
                {
                    var target = pair.Targets.Add(row);
                    for (var k = 0; k < target.Length; k++)
                    {
                        target[k] = (float)mean[k];
                    }
                }
            }
        }
    }

    /// <summary>Takes the states of one of the student's layers; for its <see cref="LayerObserver"/>.</summary>
    public void Observe(int number, Value states)
    {
        foreach (var pair in pairs)
        {
            if (pair.Layer == number)
            {
                pair.States = states;
            }
        }
    }

    /// <summary>The mean over the layers of their tokens' mean loss, of the last <see cref="Compare"/>.</summary>
    public double Loss { get; private set; }

    /// <summary>Puts the comparisons behind a student's pass.</summary>
    public void Compare(Ops ops, SequenceClassifier student, double weight)
    {
        Loss = 0;
        foreach (var pair in pairs)
        {
            if (pair.Targets.Count == 0)
            {
                continue;
            }

            // Read at once: the backward pass gives back the memory that they lie in.
            var losses = student.Projection.Loss(ops, pair.States, pair.Targets.Rows, pair.Targets.Values, weight / pairs.Length);
            Loss += LossMean.Of(backend, losses, ref read) / pairs.Length;
        }
    }

    private sealed class Pair(int layer, int teacherLayer, TeacherTargets targets)
    {
        public int Layer => layer;

        public int TeacherLayer => teacherLayer;

        public TeacherTargets Targets => targets;

        public Value States { get; set; }
    }
}
