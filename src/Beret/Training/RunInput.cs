using Beret.Data;
using Beret.Inference;
using Beret.Tokens;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>What a run learns from.</summary>
/// <param name="Texts">The texts.</param>
/// <param name="Answers">What the teacher says of them; null without one.</param>
internal sealed record RunInput(RunTexts Texts, TeacherAnswers? Answers)
{
    /// <summary>Splits the texts and asks the teacher, if there is one.</summary>
    /// <param name="job">The job.</param>
    /// <param name="known">The classifier that the model brings, or null.</param>
    /// <param name="callbacks">Is told what takes a while.</param>
    /// <param name="check">Given the fingerprints of the texts and of the teacher before the teacher answers: throws where they are not the right ones.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">Labels, task and teacher do not fit together, or there is no text.</exception>
    public static RunInput Read(TrainingJob job, KnownClassifier? known, TrainingCallbacks callbacks, Action<string, string?> check, CancellationToken cancellation)
    {
        if (job.Teacher is null)
        {
            var own = RunTexts.Of(job, null, known, cancellation);
            Read(own, callbacks);
            check(own.Fingerprint, null);
            return new RunInput(own, null);
        }

        if (!(job.Recipe.Temperature > 0) || !(job.Recipe.Alpha is >= 0 and <= 1))
        {
            throw new TrainingException($"the temperature is {job.Recipe.Temperature} and alpha {job.Recipe.Alpha}; they have to be above 0, and from 0 to 1");
        }

        callbacks.Preparing("loading the teacher");
        using var teacher = Classifier.Load(job.Teacher.Folder, new ClassifierOptions { Threads = job.Recipe.ThreadCount });
        var texts = RunTexts.Of(job, teacher, known, cancellation);
        var fingerprint = TeacherAnswers.FingerprintOf(job.Teacher.Folder, teacher);
        Read(texts, callbacks);
        check(texts.Fingerprint, fingerprint);
        return new RunInput(texts, TeacherAnswers.Of(teacher, fingerprint, job, texts, callbacks, cancellation));
    }

    /// <summary>Computes the fingerprints, which takes a while of texts that lie on disk.</summary>
    private static void Read(RunTexts texts, TrainingCallbacks callbacks)
    {
        foreach (var part in (LabelledTexts?[])[texts.Training, texts.Validation])
        {
            var telling = callbacks.Doing("reading the texts for their fingerprint");
            part?.ComputeFingerprint(done =>
            {
                if (done > 0)
                {
                    telling(new TextProgress(done, part.Examples.Count));
                }
            });
        }
    }
}
