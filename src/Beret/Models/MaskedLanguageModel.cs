using Beret.Numerics;

namespace Beret.Models;

/// <summary>An encoder that guesses hidden tokens (Devlin et al., BERT, 2019, §3.1, "Masked LM"). Only these go through its head.</summary>
internal sealed class MaskedLanguageModel : IDisposable
{
    private readonly MaskedHead head;

    /// <param name="backend">Owns the parameters' memory; stays the caller's.</param>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="teacherWidth">The size of a teacher's states, which those of the encoder are projected to (<see cref="Projection"/>); 0: there is no teacher.</param>
    /// <exception cref="ModelException">The family's head is not known.</exception>
    public MaskedLanguageModel(IBackend backend, EncoderConfig config, int teacherWidth = 0)
    {
        Layout = config.Family.MaskedHead ?? throw new ModelException(
            $"masked language modelling is not there for {config.Family.ModelType}; it is for {string.Join(", ", EncoderFamily.All.Where(family => family.MaskedHead is not null))}");
        Parameters = new ParameterSet(backend);
        Encoder = config.Family.Create(Parameters, config);
        var ofEncoder = Parameters.All.Count;
        head = new MaskedHead(Parameters, "", Layout, config, Parameters.All.Single(parameter => parameter.HasRowGradient));
        Projection = new TeacherProjection(Parameters, config.HiddenSize, teacherWidth);
        Parameters.Allocate();
        HeadParameters = [.. Parameters.All.Skip(ofEncoder)];
        UnusedParameters = FreezePooler(Parameters, config);
    }

    public MaskedHeadLayout Layout { get; }

    public ParameterSet Parameters { get; }

    public EncoderModel Encoder { get; }

    public EncoderConfig Config => Encoder.Config;

    public IReadOnlyList<Parameter> HeadParameters { get; }

    /// <summary>What the masked tokens do not depend on, and what is therefore not trained: the pooler.</summary>
    public IReadOnlyList<Parameter> UnusedParameters { get; }

    /// <summary>What stands between the encoder and a teacher's states, and is no part of what is written.</summary>
    public TeacherProjection Projection { get; }

    /// <summary>The masked tokens as the decoder reads them: [M, E].</summary>
    /// <param name="ops">The operations.</param>
    /// <param name="batch">The sequences, with masks in them.</param>
    /// <param name="rows">The masked tokens.</param>
    /// <param name="observe">Is shown the layers.</param>
    public Value Forward(Ops ops, in BatchIndices batch, Indices rows, LayerObserver? observe = null) =>
        Mask(ops, Encoder.Contextualize(ops, batch, observe), rows);

    /// <summary>The masked tokens as the decoder reads them: [T, H] → [M, E].</summary>
    public Value Mask(Ops ops, Value sequence, Indices rows) => head.Forward(ops, sequence, rows);

    /// <summary>The loss of each masked token, and whether it was guessed: <see cref="Ops.TiedDecoderLoss"/>.</summary>
    public Matrix Loss(Ops ops, Value masked, Indices targets, float share) => head.Loss(ops, masked, targets, share);

    /// <summary>The logits of each masked token: [M, V].</summary>
    public void Decode(Value masked, Matrix logits) => head.Decode(masked, logits);

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

    /// <summary>Keeps the pooler, which no token's task depends on, from being trained.</summary>
    public static IReadOnlyList<Parameter> FreezePooler(ParameterSet set, EncoderConfig config)
    {
        Parameter[] pooler = [.. Pooler.Parameters(set, config)];
        foreach (var parameter in pooler)
        {
            parameter.IsFrozen = true;
        }

        return pooler;
    }

    public void Dispose() => Parameters.Dispose();
}
