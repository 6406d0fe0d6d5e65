using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// ELECTRA as it is pre-trained (Clark, Luong, Le and Manning, 2020, §2): a generator guesses hidden tokens, and a discriminator tells for every token of what comes out
/// whether it is the one that was there. Both read the same embeddings; the generator's blocks are narrower. The discriminator is the encoder that is wanted.
/// </summary>
internal sealed class ReplacedTokenModel : IDisposable
{
    /// <summary>What the names of the generator's own parameters begin with.</summary>
    public const string GeneratorPrefix = "generator.";

    /// <summary>The class of Hugging Face transformers that loads the discriminator.</summary>
    public const string Architecture = "ElectraForPreTraining";

    private readonly Electra discriminator;
    private readonly Dense transform;
    private readonly Dense decision;
    private readonly PostNormLayers generator;
    private readonly MaskedHead head;

    /// <param name="backend">Owns the parameters' memory; stays the caller's.</param>
    /// <param name="config">The discriminator's sizes.</param>
    /// <param name="generatorSize">The generator's width, as a share of the discriminator's; whole heads of the same size.</param>
    /// <exception cref="ModelException">It is no ELECTRA.</exception>
    public ReplacedTokenModel(IBackend backend, EncoderConfig config, double generatorSize)
    {
        if (config is not ElectraConfig electra)
        {
            throw new ModelException($"replaced-token detection is there for electra (model_type in config.json), not for {config.Family.ModelType}");
        }

        Parameters = new ParameterSet(backend);
        discriminator = new Electra(Parameters, electra);
        UnusedParameters = MaskedLanguageModel.FreezePooler(Parameters, config);
        var ofEncoder = Parameters.All.Count;
        transform = Parameters.DeclareDense("", ["discriminator_predictions.dense"], config.HiddenSize, config.HiddenSize);
        decision = Parameters.DeclareDense("", ["discriminator_predictions.dense_prediction"], config.HiddenSize, 1, exact: true);
        var heads = Math.Max(1, (int)Math.Round(config.Heads * generatorSize));
        GeneratorConfig = electra with
        {
            Heads = heads,
            HiddenSize = config.HiddenSize / config.Heads * heads,
            IntermediateSize = Math.Max(1, (int)Math.Round((double)config.IntermediateSize * heads / config.Heads)),
            HasPooler = false,
        };
        const string Root = $"{GeneratorPrefix}electra.";
        generator = PostNormLayers.UnderBertNames(Parameters, Root, GeneratorConfig, new Embeddings(Parameters, Root, GeneratorConfig, discriminator.Embeddings));
        head = new MaskedHead(Parameters, GeneratorPrefix, Electra.Family.MaskedHead!, GeneratorConfig, discriminator.Embeddings.Word);
        Parameters.Allocate();
        Heads = [.. Parameters.All.Skip(ofEncoder)];
        EmbeddingParameters = [.. Parameters.All.Where(parameter => parameter.Name.StartsWith("electra.embeddings.", StringComparison.Ordinal))];
        GeneratorParameters = [.. Parameters.All.Where(parameter => parameter.Name.StartsWith(GeneratorPrefix, StringComparison.Ordinal))];
    }

    public ParameterSet Parameters { get; }

    public EncoderModel Discriminator => discriminator;

    public EncoderConfig Config => discriminator.Config;

    public ElectraConfig GeneratorConfig { get; }

    /// <summary>All that is not the discriminator's encoder.</summary>
    public IReadOnlyList<Parameter> Heads { get; }

    /// <summary>What both read.</summary>
    public IReadOnlyList<Parameter> EmbeddingParameters { get; }

    /// <summary>What is the generator's alone.</summary>
    public IReadOnlyList<Parameter> GeneratorParameters { get; }

    /// <summary>What is not trained: a pooler.</summary>
    public IReadOnlyList<Parameter> UnusedParameters { get; }

    /// <summary>The hidden tokens as the generator's decoder reads them: [M, E].</summary>
    public Value Generate(Ops ops, in BatchIndices batch, Indices rows) => head.Forward(ops, generator.Forward(ops, batch, observe: null), rows);

    /// <summary>The generator's loss of each hidden token.</summary>
    public Matrix Loss(Ops ops, Value masked, Indices targets, float share) => head.Loss(ops, masked, targets, share);

    /// <summary>The generator's token for each: [M, 1].</summary>
    public Matrix Sample(Ops ops, Value masked, Matrix draws) => head.Sample(ops, masked, draws);

    /// <summary>For every token a logit: positive where it seems to have been replaced. [T, 1].</summary>
    public Value Discriminate(Ops ops, in BatchIndices batch)
    {
        var x = discriminator.Contextualize(ops, batch);                             // [T, H]
        return ops.Linear(ops.Linear(x, transform, Config.Activation), decision);       // [T, 1]
    }

    /// <summary>Starts the parameters that a pretrained discriminator may come without.</summary>
    public bool Initialize(Parameter parameter, ulong seed)
    {
        if (discriminator.Initialize(parameter, Parameters.Backend, seed))
        {
            return true;
        }

        if (!Heads.Contains(parameter))
        {
            return false;
        }

        Initialization.Draw(Parameters.Backend, parameter, Config.InitializerRange, seed);
        return true;
    }

    /// <summary>Starts all parameters anew.</summary>
    public void InitializeAll(ulong seed)
    {
        foreach (var parameter in Parameters.All.Where(parameter => !discriminator.Initialize(parameter, Parameters.Backend, seed)))
        {
            Initialization.Draw(Parameters.Backend, parameter, Config.InitializerRange, seed);
        }

        Parameters.Touch();
    }

    public void Dispose() => Parameters.Dispose();
}
