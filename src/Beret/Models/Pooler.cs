using Beret.Numerics;

namespace Beret.Models;

/// <summary>A sequence as a whole, from its first token: tanh(W·x₀ + b) (Devlin et al., BERT, 2019, §3).</summary>
internal sealed class Pooler
{
    private readonly Dense dense;
    private readonly EncoderConfig config;

    private Pooler(ParameterSet set, string name, EncoderConfig config)
    {
        this.config = config;
        dense = set.DeclareDense(name, [""], config.HiddenSize, config.HiddenSize, exact: true);
    }

    /// <summary>The pooler of a model; null where something else goes to its classifier.</summary>
    public static Pooler? Of(ParameterSet set, string name, EncoderConfig config) => config.BringsPooler ? new Pooler(set, name, config) : null;

    /// <summary>The pooler's among a model's parameters, whatever its family.</summary>
    public static IEnumerable<Parameter> Parameters(ParameterSet set, EncoderConfig config) =>
        set.All.Where(parameter => parameter.Name.StartsWith($"{config.Family.Prefix}pooler.", StringComparison.Ordinal));

    /// <summary>[T, H] → [B, H].</summary>
    public Value Forward(Ops ops, Value x, in BatchIndices batch) => ops.Linear(ops.First(x, batch), dense, Activation.Tanh);

    /// <summary>Draws a parameter of the pooler where training will shape it: the checkpoint of a masked language model has none.</summary>
    public bool Draw(Parameter parameter, IBackend backend, ulong? seed)
    {
        if (seed is null || !dense.Has(parameter))
        {
            return false;
        }

        Initialization.Draw(backend, parameter, config.InitializerRange, seed.Value);
        return true;
    }

    /// <summary>Gives a parameter of the pooler the identity, or zero: tanh(x₀) is what an untrained pooler of TensorFlow Hub's ELECTRA computes.</summary>
    public bool SetToIdentity(Parameter parameter, IBackend backend)
    {
        if (!dense.Has(parameter))
        {
            return false;
        }

        if (parameter.Shape.Length == 1)
        {
            Initialization.Constant(backend, parameter, 0);
        }
        else
        {
            Initialization.Identity(backend, parameter);
        }

        return true;
    }
}
