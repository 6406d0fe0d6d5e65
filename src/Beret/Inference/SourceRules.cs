using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>What a model's source decides and its weights do not tell: the form of GELU and the tokenization.</summary>
internal static class SourceRules
{
    /// <summary>The system whose tokenization the model goes with.</summary>
    public static TokenizerFlavour Flavour(this ModelSource source) =>
        source == ModelSource.TensorFlow ? TokenizerFlavour.TensorFlow : TokenizerFlavour.HuggingFace;

    /// <summary>"gelu" means the tanh form where the definition is TensorFlow's, the exact one where it is Hugging Face's.</summary>
    public static EncoderConfig Adjust(this ModelSource source, EncoderConfig config) =>
        source == ModelSource.TensorFlow && config.Activation == Activation.Gelu ? config with { Activation = Activation.GeluTanh } : config;
}
