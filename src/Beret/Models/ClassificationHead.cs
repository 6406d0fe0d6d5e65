using Beret.Numerics;

namespace Beret.Models;

/// <summary>Pooled vectors → logits: the tutorial's dropout and dense layer, with the family's own dense layer and normalisation before them where it has these.</summary>
internal sealed class ClassificationHead
{
    private readonly HeadLayout layout;
    private readonly Dense? transform;
    private readonly LayerNorm? norm;
    private readonly double inputDropout;
    private readonly double dropout;

    public ClassificationHead(ParameterSet set, EncoderConfig config, int outputs)
    {
        layout = config.Family.Head(config);
        inputDropout = layout.DropsInput ? config.PoolerDropout ?? config.ClassifierDropout : 0;
        dropout = config.ClassifierDropout;
        transform = layout.Transform is { } name ? set.DeclareDense("", [name], config.HiddenSize, config.HiddenSize, layout.TransformHasBias, exact: true) : null;
        norm = layout.Norm is { } normName ? set.DeclareLayerNorm(normName, config.HiddenSize, config.LayerNormEpsilon, layout.NormHasBias) : null;
        Output = set.DeclareDense("", [layout.Output], config.HiddenSize, outputs, exact: true);
    }

    /// <summary>The dense layer that gives the logits.</summary>
    public Dense Output { get; }

    /// <summary>[B, H] → [B, K].</summary>
    /// <param name="ops">The operations.</param>
    /// <param name="pooled">[B, H], used up by dropout.</param>
    /// <param name="features">[B, H], what the last layer reads.</param>
    public Value Forward(Ops ops, Value pooled, out Value features)
    {
        features = pooled;
        if (transform is not null)
        {
            features = ops.Linear(ops.Dropout(features, inputDropout), transform, layout.Activation);
            features = norm is null ? features : ops.Norm(features, norm);
        }

        features = ops.Dropout(features, dropout);
        return ops.Linear(features, Output);
    }

    /// <summary>Starts a parameter of what stands before the last layer, which pretrained encoders may come without; false where it is none of these.</summary>
    public bool Initialize(Parameter parameter, IBackend backend, double deviation, ulong seed)
    {
        if (transform?.Has(parameter) ?? false)
        {
            Initialization.Draw(backend, parameter, deviation, seed);
            return true;
        }

        if (norm is not null && (parameter == norm.Gamma || parameter == norm.Beta))
        {
            Initialization.Constant(backend, parameter, parameter == norm.Gamma ? 1 : 0);
            return true;
        }

        return false;
    }
}
