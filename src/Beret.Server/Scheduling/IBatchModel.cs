using Beret.Inference;
using Beret.Tokens;

namespace Beret.Server.Scheduling;

/// <summary>A model as the scheduler sees it.</summary>
internal interface IBatchModel
{
    /// <summary>What the metrics call it.</summary>
    string Name { get; }

    /// <summary>Answers tokenized texts, in their order; for one thread at a time. A text's answer does not depend on the texts beside it.</summary>
    void Predict(EncodedTexts texts, Span<Prediction> predictions);
}
