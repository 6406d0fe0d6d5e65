using Beret.Numerics;

namespace Beret.Models;

/// <summary>Pooled vectors → logits: the tutorial's dropout and dense layer, with the family's own dense layer before them where it has one.</summary>
internal sealed class ClassificationHead
{
    private readonly HeadLayout layout;
    private readonly Dense? transform;
    private readonly double inputDropout;
    private readonly double dropout;

    public ClassificationHead(ParameterSet set, EncoderConfig config, int outputs)
    {
        layout = config.Family.Head(config);
        inputDropout = layout.DropsInput ? config.PoolerDropout ?? config.ClassifierDropout : 0;
        dropout = config.ClassifierDropout;
        transform = layout.Transform is { } name ? set.DeclareDense("", [name], config.HiddenSize, config.HiddenSize) : null;
        Output = set.DeclareDense("", [layout.Output], config.HiddenSize, outputs);
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
        }

        features = ops.Dropout(features, dropout);
        return ops.Linear(features, Output);
    }

    /// <summary>Whether a parameter is one of the layer before the last, which pretrained encoders come without.</summary>
    public bool IsTransform(Parameter parameter) => transform?.Has(parameter) ?? false;
}
