using Beret.Inference;
using Beret.Server.Scheduling;
using Beret.Tokens;

namespace Beret.Server.Servables;

/// <summary>A loaded version of a model. It lives as long as anybody holds a lease on it: the store until another version takes its place, a request until its last text has ended.</summary>
internal sealed class ModelVersion : IBatchModel
{
    private readonly Classifier classifier;
    private readonly TaskCompletionSource unloaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int leases = 1;

    /// <param name="name">The model's name.</param>
    /// <param name="number">The version's number.</param>
    /// <param name="classifier">Becomes the version's.</param>
    public ModelVersion(string name, long number, Classifier classifier)
    {
        Name = name;
        Number = number;
        this.classifier = classifier;
    }

    public string Name { get; }

    public long Number { get; }

    public string Task => classifier.Task;

    public IReadOnlyList<string> Labels => classifier.Labels;

    public ModelDescription Description => classifier.Description;

    /// <summary>The number of logits of a text.</summary>
    public int Outputs => Description.Outputs;

    /// <summary>Ends when the last lease has been given back and the weights are no longer in memory.</summary>
    public Task Unloaded => unloaded.Task;

    /// <summary>The tokens of a text or pair; on any thread that holds a lease.</summary>
    public EncodedText Tokenize(TextPair text) => classifier.Tokenize(text);

    public void Predict(EncodedTexts texts, Span<Prediction> predictions) => classifier.Predict(texts, predictions);

    /// <summary>Computes short and long texts before anybody waits for it: code is compiled, memory is there.</summary>
    /// <exception cref="InferenceException">The logits are no numbers.</exception>
    public void WarmUp()
    {
        var text = string.Join(' ', Enumerable.Repeat("warm up", classifier.MaxLength));
        foreach (var prediction in classifier.Predict(["warm up", text, text, text, "warm up"]))
        {
            if (!prediction.Logits.All(float.IsFinite))
            {
                throw new InferenceException($"model {Name}, version {Number} answers with logits that are no numbers: its weights are damaged");
            }
        }
    }

    /// <summary>Whether a lease was to be had; each is given back once.</summary>
    public bool TryAcquire()
    {
        for (var seen = Volatile.Read(ref leases); seen > 0;)
        {
            var found = Interlocked.CompareExchange(ref leases, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref leases) == 0)
        {
            classifier.Dispose();
            unloaded.SetResult();
        }
    }
}
