namespace Beret.Hub;

/// <summary>The models that the library carries in itself.</summary>
internal static class EmbeddedModels
{
    public static IEnumerable<ModelEntry> Entries =>
    [
        new($"{EmbeddedModel.Owner}mini", ModelSource.HuggingFace)
        {
            Embedded = EmbeddedModel.Mini,
            Family = "Beret mini",
            Layers = 4,
            HiddenSize = 256,
            Heads = 4,
            Parameters = ParameterCount.Bert(8000, 4, 256),
            Preprocessing = TextPreprocessing.UncasedWordPiece,
            Licence = "Apache-2.0",
        },
    ];
}
