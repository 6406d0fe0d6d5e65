using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// An encoder that guesses hidden tokens (Devlin et al., BERT, 2019, §3.1, "Masked LM"): of the masked tokens alone, dense layer, activation, LayerNorm, and a decoder
/// that is the table of word embeddings (Press and Wolf, "Using the Output Embedding to Improve Language Models", 2017) with a bias of its own.
/// </summary>
internal sealed class MaskedLanguageModel : IDisposable
{
    private readonly Dense transform;
    private readonly LayerNorm norm;
    private readonly Activation activation;
    private readonly Parameter word;
    private readonly Parameter bias;

    /// <param name="backend">Owns the parameters' memory; stays the caller's.</param>
    /// <param name="config">The encoder's sizes.</param>
    /// <exception cref="ModelException">The family's head is not known.</exception>
    public MaskedLanguageModel(IBackend backend, EncoderConfig config)
    {
        Layout = config.Family.MaskedHead ?? throw new ModelException(
            $"masked language modelling is not there for {config.Family.ModelType}; it is for {string.Join(", ", EncoderFamily.All.Where(family => family.MaskedHead is not null))}");
        Parameters = new ParameterSet(backend);
        Encoder = config.Family.Create(Parameters, config);

        // The decoder gives every row of the table a gradient: it is a matrix, to which the lookup adds.
        word = Parameters.All.Single(parameter => parameter.HasRowGradient);
        word.HasRowGradient = false;
        var ofEncoder = Parameters.All.Count;
        transform = Parameters.DeclareDense("", [Layout.Transform], config.HiddenSize, config.EmbeddingSize);
        norm = Parameters.DeclareLayerNorm(Layout.Norm, config.EmbeddingSize, config.LayerNormEpsilon);
        bias = Parameters.Declare(Layout.Bias, [config.VocabularySize], decays: false);
        activation = Layout.Activation ?? config.Activation;
        Parameters.Allocate();
        HeadParameters = [.. Parameters.All.Skip(ofEncoder)];
        UnusedParameters = [.. Parameters.All.Where(parameter => parameter.Name.StartsWith($"{config.Family.Prefix}pooler.", StringComparison.Ordinal))];
        foreach (var parameter in UnusedParameters)
        {
            parameter.IsFrozen = true;
        }
    }

    public MaskedHeadLayout Layout { get; }

    public ParameterSet Parameters { get; }

    public EncoderModel Encoder { get; }

    public EncoderConfig Config => Encoder.Config;

    public IReadOnlyList<Parameter> HeadParameters { get; }

    /// <summary>What the masked tokens do not depend on, and what is therefore not trained: the pooler.</summary>
    public IReadOnlyList<Parameter> UnusedParameters { get; }

    /// <summary>The masked tokens as the decoder reads them: [M, E].</summary>
    /// <param name="ops">The operations.</param>
    /// <param name="batch">The sequences, with masks in them.</param>
    /// <param name="rows">The masked tokens.</param>
    /// <param name="observe">Is shown the layers.</param>
    public Value Forward(Ops ops, in BatchIndices batch, Indices rows, LayerObserver? observe = null)
    {
        var x = ops.Gather(Encoder.Forward(ops, batch, observe).Sequence, rows);        // [M, H]
        return ops.Norm(ops.Linear(x, transform, activation), norm);                    // [M, E]
    }

    /// <summary>The loss of each masked token, and whether it was guessed: <see cref="Ops.TiedDecoderLoss"/>.</summary>
    public Matrix Loss(Ops ops, Value masked, Indices targets, float share) =>
        ops.TiedDecoderLoss(masked, word, bias, targets, share, Parameters.Arithmetic);

    /// <summary>The logits of each masked token: [M, V].</summary>
    public void Decode(Value masked, Matrix logits) =>
        Parameters.Backend.Linear(masked.Data, word.Value, Matrix.None, bias.Value, Activation.None, Matrix.None, logits, Parameters.Arithmetic);

    /// <summary>Starts the parameters that a pretrained encoder may come without: the head and what the encoder itself leaves out.</summary>
    public bool Initialize(Parameter parameter, ulong seed)
    {
        if (HeadParameters.Contains(parameter) || UnusedParameters.Contains(parameter))
        {
            Initialization.Draw(Parameters.Backend, parameter, Config.InitializerRange, seed);
            return true;
        }

        return Encoder.Initialize(parameter, Parameters.Backend, seed);
    }

    /// <summary>Starts all parameters anew: what the encoder knows a start for by that, the others as BERT, matrices from a cut normal distribution, biases 0, scales 1.</summary>
    public void InitializeAll(ulong seed)
    {
        foreach (var parameter in Parameters.All.Where(parameter => !Encoder.Initialize(parameter, Parameters.Backend, seed)))
        {
            Initialization.Draw(Parameters.Backend, parameter, Config.InitializerRange, seed);
        }

        Parameters.Touch();
    }

    public void Dispose() => Parameters.Dispose();
}
