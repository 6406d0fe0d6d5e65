using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// One architecture: what its config.json says, how its encoder is made, and what stands between the encoder and the logits. Everything else (loading, training,
/// saving, reports) goes by this record and by the names of the parameters.
/// </summary>
internal sealed record EncoderFamily
{
    /// <summary>Every architecture that is known.</summary>
    public static IReadOnlyList<EncoderFamily> All { get; } =
    [
        Bert.Family, Albert.Family, Electra.Family, TalkingHeads.Family, ModernBert.Family,
        DistilBert.Family, Roberta.Family, Roberta.Multilingual, Mpnet.Family, DebertaV2.Family,
    ];

    /// <summary>model_type of config.json.</summary>
    public required string ModelType { get; init; }

    /// <summary>The class of Hugging Face transformers that loads a classifier of this family.</summary>
    public required string Architecture { get; init; }

    /// <summary>The class there that loads its bare encoder.</summary>
    public string EncoderArchitecture => Architecture.Replace("ForSequenceClassification", "Model", StringComparison.Ordinal);

    /// <summary>The encoder's own part of a checkpoint name, such as "bert."; checkpoints of the bare encoder leave it out.</summary>
    public required string Prefix { get; init; }

    /// <summary>The sizes and rates of a config.json; labels, problem type and initializer range are read for all families alike.</summary>
    public required Func<ConfigFields, EncoderConfig> Read { get; init; }

    /// <summary>Writes the same keys back, model_type excepted.</summary>
    public required Action<Utf8JsonWriter, EncoderConfig> Write { get; init; }

    /// <summary>Declares an encoder's parameters.</summary>
    public required Func<ParameterSet, EncoderConfig, EncoderModel> Create { get; init; }

    /// <summary>The classification head that goes with a configuration.</summary>
    public required Func<EncoderConfig, HeadLayout> Head { get; init; }

    /// <summary>The head of its masked language model; null where that is not there.</summary>
    public MaskedHeadLayout? MaskedHead { get; init; }

    /// <summary>What only the tensors tell: a configuration as this checkpoint means it.</summary>
    public Func<EncoderConfig, Checkpoints.Checkpoint, EncoderConfig> Adapt { get; init; } = (config, _) => config;

    /// <summary>The family of a model_type, or null.</summary>
    public static EncoderFamily? Find(string modelType) => All.FirstOrDefault(family => family.ModelType == modelType);

    /// <inheritdoc/>
    public override string ToString() => ModelType;
}
