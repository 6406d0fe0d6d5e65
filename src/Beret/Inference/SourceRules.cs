using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>
/// What a model's source decides and its weights do not tell: the form of GELU, the padding row and the tokenization. A folder that Beret wrote says all of it itself,
/// whatever it was once made from; that is where <c>written</c> is not null.
/// </summary>
internal static class SourceRules
{
    /// <summary>The system whose tokenization the model goes with.</summary>
    /// <param name="source">Where the model's definition comes from.</param>
    /// <param name="written">The folder's beret.json, or null.</param>
    public static TokenizerFlavour Flavour(this ModelSource source, ModelDescription? written) =>
        written?.Flavour ?? (source == ModelSource.TensorFlow ? TokenizerFlavour.TensorFlow : TokenizerFlavour.HuggingFace);

    /// <summary>
    /// The configuration as TensorFlow means it, where the definition is TensorFlow's: "gelu" is the tanh form, the padding token's embedding is trained as any
    /// other, and ELECTRA has a pooler.
    /// </summary>
    public static EncoderConfig Adjust(this ModelSource source, EncoderConfig config, ModelDescription? written)
    {
        if (source != ModelSource.TensorFlow || written is not null)
        {
            return config;
        }

        config = config with { Activation = config.Activation == Activation.Gelu ? Activation.GeluTanh : config.Activation, PaddingId = -1 };
        return config is ElectraConfig electra ? electra with { HasPooler = true } : config;
    }
}
