namespace Beret.Hub;

/// <summary>The repositories of Hugging Face that are known with their facts. Any other <c>owner/name</c> works too.</summary>
internal static class HuggingFaceModels
{
    private const string Apache = "Apache-2.0";
    private const string Mit = "MIT";

    public static IEnumerable<ModelEntry> Entries =>
    [
        New("sentence-transformers/all-MiniLM-L6-v2", "MiniLM", 6, 384, 12, ParameterCount.Bert(30522, 6, 384)) with { Measured = MeasuredModels.MiniLM },
        New("sentence-transformers/all-MiniLM-L12-v2", "MiniLM", 12, 384, 12, ParameterCount.Bert(30522, 12, 384)),
        New("sentence-transformers/paraphrase-MiniLM-L6-v2", "MiniLM", 6, 384, 12, ParameterCount.Bert(30522, 6, 384)),
        New("nreimers/MiniLM-L6-H384-uncased", "MiniLM", 6, 384, 12, ParameterCount.Bert(30522, 6, 384), licence: Mit),
        New("microsoft/MiniLM-L12-H384-uncased", "MiniLM", 12, 384, 12, ParameterCount.Bert(30522, 12, 384), licence: Mit),
        New("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "MiniLM", 12, 384, 12, ParameterCount.Bert(250037, 12, 384), TextPreprocessing.SentencePiece),

        // The same weights under TensorFlow's names are another model: another GELU and other tokens.
        .. TensorFlowModels.Entries.Where(entry => entry.Repository is not null).Select(Mirror),

        New("distilbert/distilbert-base-uncased", "DistilBERT", 6, 768, 12, Distil(30522)),
        New("distilbert/distilbert-base-cased", "DistilBERT", 6, 768, 12, Distil(28996), TextPreprocessing.CasedWordPiece),
        New("distilbert/distilbert-base-multilingual-cased", "DistilBERT", 6, 768, 12, Distil(119547), TextPreprocessing.MultilingualWordPiece),
        Roberta("FacebookAI/roberta-base", 12, 768, 12),
        Roberta("FacebookAI/roberta-large", 24, 1024, 16),
        Roberta("distilbert/distilroberta-base", 6, 768, 12) with { Licence = Apache },
        XlmRoberta("FacebookAI/xlm-roberta-base", 12, 768, 12),
        XlmRoberta("FacebookAI/xlm-roberta-large", 24, 1024, 16),
        New("microsoft/mpnet-base", "MPNet", 12, 768, 12, ParameterCount.MPNet(30527, 12, 768, 12), licence: Mit),
        New("sentence-transformers/all-mpnet-base-v2", "MPNet", 12, 768, 12, ParameterCount.MPNet(30527, 12, 768, 12)),
        Deberta("microsoft/deberta-v3-xsmall", 12, 384, 6),
        Deberta("microsoft/deberta-v3-small", 6, 768, 12),
        Deberta("microsoft/deberta-v3-base", 12, 768, 12),
        Deberta("microsoft/deberta-v3-large", 24, 1024, 16),
        Deberta("microsoft/mdeberta-v3-base", 12, 768, 12, vocabulary: 251000),
        New("answerdotai/ModernBERT-base", "ModernBERT", 22, 768, 12, ParameterCount.ModernBert(22, 768, 1152), TextPreprocessing.ByteLevelBpe),
        New("answerdotai/ModernBERT-large", "ModernBERT", 28, 1024, 16, ParameterCount.ModernBert(28, 1024, 2624), TextPreprocessing.ByteLevelBpe),
    ];

    private static ModelEntry Mirror(ModelEntry entry) =>
        New(entry.Repository!, entry.Family, entry.Layers, entry.HiddenSize, entry.Heads, entry.Parameters, entry.Preprocessing) with
        {
            // Hugging Face's ELECTRA has no pooler.
            Parameters = entry.Parameters - (entry.Family == "ELECTRA" ? (entry.HiddenSize + 1L) * entry.HiddenSize : 0),
            Measured = entry.Measured,
        };

    private static ModelEntry Roberta(string repository, int layers, int hidden, int heads) => New(
        repository, "RoBERTa", layers, hidden, heads, ParameterCount.Bert(50265, layers, hidden, positions: 514, types: 1), TextPreprocessing.ByteLevelBpe, Mit);

    private static ModelEntry XlmRoberta(string repository, int layers, int hidden, int heads) => New(
        repository, "XLM-RoBERTa", layers, hidden, heads, ParameterCount.Bert(250002, layers, hidden, positions: 514, types: 1), TextPreprocessing.SentencePiece, Mit);

    private static ModelEntry Deberta(string repository, int layers, int hidden, int heads, int vocabulary = 128100) => New(
        repository, "DeBERTa-v3", layers, hidden, heads, ParameterCount.DebertaV3(vocabulary, layers, hidden), TextPreprocessing.SentencePiece, Mit);

    private static long Distil(int vocabulary) => ParameterCount.Bert(vocabulary, 6, 768, types: 0, hasPooler: false);

    private static ModelEntry New(
        string repository,
        string family,
        int layers,
        int hidden,
        int heads,
        long parameters,
        TextPreprocessing preprocessing = TextPreprocessing.UncasedWordPiece,
        string licence = Apache) => new(repository, ModelSource.HuggingFace)
        {
            Family = family,
            Layers = layers,
            HiddenSize = hidden,
            Heads = heads,
            Parameters = parameters,
            Preprocessing = preprocessing,
            Licence = licence,
            Repository = repository,
        };
}
