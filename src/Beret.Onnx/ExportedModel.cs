using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Onnx;

/// <summary>A classifier as it is to be exported: its weights, its tokenizer and what it decides.</summary>
internal sealed class ExportedModel : IDisposable
{
    private readonly IBackend backend;

    internal ExportedModel(IBackend backend, SequenceClassifier model, Tokenizer tokenizer, ModelDescription description)
    {
        (this.backend, Model, Tokenizer, Description) = (backend, model, tokenizer, description);
    }

    public SequenceClassifier Model { get; }

    public EncoderConfig Config => Model.Config;

    public Tokenizer Tokenizer { get; }

    public ModelDescription Description { get; }

    /// <summary>Loads a classifier of any format.</summary>
    /// <param name="path">As <see cref="Classifier.Load"/> takes it.</param>
    /// <param name="asClasses">
    /// Whether a binary model gets two logits, 0 and its own: their softmax is 1 − p and p. Hugging Face's pipelines know no label for "not this one".
    /// </param>
    /// <exception cref="BeretException">It is no classifier, or damaged.</exception>
    public static ExportedModel Load(string path, bool asClasses)
    {
        var backend = CpuBackend.Create(1);
        SequenceClassifier? model = null;
        try
        {
            var files = ModelFiles.Open(path);
            using var weights = files.OpenWeights();
            var config = files.Config.Family.Adapt(files.Config, weights);
            var tokenizer = files.LoadTokenizer();
            var outputs = ModelLoader.StoredOutputs(weights, config)
                ?? throw new OnnxException($"{path} has no classifier (no tensor {config.Family.Head(config).Output}.weight): train one with beret train --model");
            var description = files.Describe(outputs, tokenizer);
            if (description.Outputs != outputs)
            {
                throw new OnnxException($"{path}: the {description.Task} task with {description.Labels.Count} labels needs {description.Outputs} logits, but the classifier has {outputs}");
            }

            var isWidened = asClasses && description.Task == TaskNames.Binary;
            model = ModelLoader.Load(config, weights, backend, isWidened ? 2 : null).Model;
            if (isWidened)
            {
                Widen(model, weights);
            }

            return new ExportedModel(backend, model, tokenizer, isWidened ? description with { Task = TaskNames.MultiClass } : description);
        }
        catch
        {
            model?.Dispose();
            backend.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        backend.Dispose();
    }

    /// <summary>The first logit is 0, the second the one that the checkpoint has.</summary>
    private static void Widen(SequenceClassifier model, Checkpoint weights)
    {
        foreach (var parameter in model.Head.Weights.Concat(model.Head.Biases))
        {
            var one = weights.Read(parameter.Name);
            model.Parameters.Backend.Write([.. new float[one.Length], .. one], parameter.Value);
        }
    }
}
