using Beret.Numerics;

namespace Beret.Models;

/// <summary>The tutorial's model: encoder → pooled output → dropout → one dense layer of logits.</summary>
internal sealed class SequenceClassifier : IDisposable
{
    private readonly Dense head;

    /// <param name="backend">Owns the parameters' memory; stays the caller's.</param>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="outputs">The number of logits, K.</param>
    public SequenceClassifier(IBackend backend, EncoderConfig config, int outputs)
    {
        Parameters = new ParameterSet(backend);
        Encoder = new Bert(Parameters, config);
        head = Parameters.DeclareDense("", ["classifier"], config.HiddenSize, outputs);
        Parameters.Allocate();
    }

    public ParameterSet Parameters { get; }

    public EncoderModel Encoder { get; }

    public EncoderConfig Config => Encoder.Config;

    public int Outputs => head.Outputs;

    /// <summary>The dense layer that gives the logits.</summary>
    public Dense Head => head;

    /// <summary>[B, K] logits; the encoder's outputs on the way.</summary>
    public Value Forward(Ops ops, in BatchIndices batch, out EncoderOutputs encoded, LayerObserver? observe = null)
    {
        encoded = Encoder.Forward(ops, batch, observe);
        return ops.Linear(ops.Dropout(encoded.Pooled, Config.ClassifierDropout), head);
    }

    public void Dispose() => Parameters.Dispose();
}
