using Beret.Numerics;

namespace Beret.Models;

/// <summary>What a classifier computes for a batch.</summary>
/// <param name="Encoded">The encoder's outputs on the way. (Dropout works in place: in training <see cref="EncoderOutputs.Pooled"/> has been through it.)</param>
/// <param name="Features">[B, H]: what the last layer reads.</param>
/// <param name="Logits">[B, K].</param>
internal readonly record struct ClassifierOutputs(EncoderOutputs Encoded, Value Features, Value Logits);

/// <summary>The tutorial's model: encoder → pooled output → dropout → one dense layer of logits.</summary>
internal sealed class SequenceClassifier : IDisposable
{
    private readonly ClassificationHead head;

    /// <param name="backend">Owns the parameters' memory; stays the caller's.</param>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="outputs">The number of logits, K.</param>
    /// <param name="teacherWidth">The size of a teacher's states, which those of the encoder are projected to (<see cref="Projection"/>); 0: they are not.</param>
    public SequenceClassifier(IBackend backend, EncoderConfig config, int outputs, int teacherWidth = 0)
    {
        Parameters = new ParameterSet(backend);
        Encoder = config.Family.Create(Parameters, config);
        head = new ClassificationHead(Parameters, config, outputs);
        Projection = new TeacherProjection(Parameters, config.HiddenSize, teacherWidth, exact: true);
        Parameters.Allocate();
    }

    public ParameterSet Parameters { get; }

    /// <summary>All but what stands between the encoder and a teacher's states, which is no part of the model.</summary>
    public IEnumerable<Parameter> OwnParameters => Parameters.All.Where(parameter => !Projection.Has(parameter));

    public TeacherProjection Projection { get; }

    public EncoderModel Encoder { get; }

    public EncoderConfig Config => Encoder.Config;

    public int Outputs => Head.Outputs;

    /// <summary>As <see cref="Ops.FrozenLayers"/>, for those that train it.</summary>
    public int FrozenLayers { get; set; } = -1;

    /// <summary>The dense layer that gives the logits.</summary>
    public Dense Head => head.Output;

    public ClassifierOutputs Forward(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var encoded = Encoder.Forward(ops, batch, observe);
        var logits = head.Forward(ops, encoded.Pooled, out var features);
        return new ClassifierOutputs(encoded, features, logits);
    }

    /// <summary>
    /// Gives a parameter that the checkpoint lacks its start. What a fine-tuned classifier brings and a pretrained encoder does not is drawn at random; false for a
    /// part that the model cannot do without.
    /// </summary>
    public bool Initialize(Parameter parameter, ulong seed)
    {
        if (Projection.Has(parameter))
        {
            Initialization.Draw(Parameters.Backend, parameter, Config.InitializerRange, seed);
            return true;
        }

        return head.Initialize(parameter, Parameters.Backend, Config.InitializerRange, seed) || Encoder.Initialize(parameter, Parameters.Backend, seed);
    }

    public void Dispose() => Parameters.Dispose();
}
