namespace Beret.Hub;

/// <summary>
/// The encoders that TensorFlow's tutorial "Classify text with BERT" offers, under its names. Their weights come from a mirror on Hugging Face, from the archive that
/// their authors published, or from TensorFlow Hub.
/// </summary>
internal static class TensorFlowModels
{
    private const string BertArchives = "https://storage.googleapis.com/bert_models/";

    // The tutorial's own address of what nobody mirrors, which leads to the archive.
    private const string HubArchives = "https://tfhub.dev/";

    private static readonly int[] SmallLayers = [2, 4, 6, 8, 10, 12];
    private static readonly int[] SmallSizes = [128, 256, 512, 768];
    private static readonly string[] Experts =
        ["wiki_books", "wiki_books/sst2", "wiki_books/mnli", "wiki_books/qnli", "wiki_books/qqp", "wiki_books/squad2", "pubmed", "pubmed/squad2"];

    public static IEnumerable<ModelEntry> Entries =>
    [
        .. SmallLayers.SelectMany(l => SmallSizes.Select(h => SmallBert(l, h))),
        Bert("en_uncased", 12, 768, TextPreprocessing.UncasedWordPiece, "bert-base-uncased", "2018_10_18/uncased") with { Measured = MeasuredModels.BertBase },
        Bert("en_cased", 12, 768, TextPreprocessing.CasedWordPiece, "bert-base-cased", "2018_10_18/cased"),
        Bert("multi_cased", 12, 768, TextPreprocessing.MultilingualWordPiece, "bert-base-multilingual-cased", "2018_11_23/multi_cased"),
        Bert("zh", 12, 768, TextPreprocessing.ChineseWordPiece, "bert-base-chinese", "2018_11_03/chinese"),
        Bert("en_uncased", 24, 1024, TextPreprocessing.UncasedWordPiece, "bert-large-uncased", "2018_10_18/uncased"),
        Bert("en_cased", 24, 1024, TextPreprocessing.CasedWordPiece, "bert-large-cased", "2018_10_18/cased"),
        Bert("en_wwm_uncased", 24, 1024, TextPreprocessing.UncasedWordPiece, "bert-large-uncased-whole-word-masking", "2019_05_30/wwm_uncased"),
        Bert("en_wwm_cased", 24, 1024, TextPreprocessing.CasedWordPiece, "bert-large-cased-whole-word-masking", "2019_05_30/wwm_cased"),
        Albert("base", 12, 768, 12),
        Albert("large", 24, 1024, 16),
        Albert("xlarge", 24, 2048, 16),
        Albert("xxlarge", 12, 4096, 64),
        Electra("small", 12, 256, 4, embedding: 128),
        Electra("base", 12, 768, 12, embedding: 768),
        Electra("large", 24, 1024, 16, embedding: 1024),
        .. Experts.Select(Expert),
        TalkingHeads("base", 12, 768, 12),
        TalkingHeads("large", 24, 1024, 16),
    ];

    private static ModelEntry SmallBert(int layers, int size)
    {
        var shape = Shape(layers, size, size / 64);
        return New($"small_bert/bert_en_uncased_{shape}", "small BERT", layers, size, size / 64, ParameterCount.Bert(30522, layers, size)) with
        {
            Repository = $"google/bert_uncased_{shape}",
            Archive = new Uri($"{BertArchives}2020_02_20/uncased_{shape}.zip"),
            TensorFlowHub = $"tensorflow/small_bert/bert_en_uncased_{shape}",
            Kaggle = $"tensorflow/bert/bert-en-uncased-{shape}",
            Measured = (layers, size) == (4, 512) ? MeasuredModels.SmallBert : null,
        };
    }

    private static ModelEntry Bert(string kind, int layers, int size, TextPreprocessing preprocessing, string repository, string archive)
    {
        var shape = Shape(layers, size, size / 64);
        return New($"bert_{kind}_{shape}", "BERT", layers, size, size / 64, ParameterCount.Bert(VocabularyOf(preprocessing), layers, size)) with
        {
            Preprocessing = preprocessing,
            Repository = $"google-bert/{repository}",
            Archive = new Uri($"{BertArchives}{archive}_{shape}.zip"),
            TensorFlowHub = $"tensorflow/bert_{kind}_{shape}",
            Kaggle = $"tensorflow/bert/{kind}-{shape}",
        };
    }

    private static ModelEntry Albert(string size, int layers, int hidden, int heads) =>
        New($"albert_en_{size}", "ALBERT", layers, hidden, heads, ParameterCount.Albert(hidden)) with
        {
            Preprocessing = TextPreprocessing.SentencePiece,
            Repository = $"albert/albert-{size}-v2",
            Archive = new Uri($"https://storage.googleapis.com/albert_models/albert_{size}_v2.tar.gz"),
            TensorFlowHub = $"tensorflow/albert_en_{size}",
            Kaggle = $"tensorflow/albert/en-{size}",
        };

    private static ModelEntry Electra(string size, int layers, int hidden, int heads, int embedding) =>
        New($"electra_{size}", "ELECTRA", layers, hidden, heads, ParameterCount.Electra(layers, hidden, embedding, hasPooler: true)) with
        {
            Repository = $"google/electra-{size}-discriminator",
            TensorFlowHub = $"google/electra_{size}",
            Kaggle = $"google/electra/{size}",
        };

    private static ModelEntry Expert(string path) =>
        New($"experts_{path.Replace('/', '_')}", "BERT experts", 12, 768, 12, ParameterCount.Bert(30522, 12, 768)) with
        {
            Archive = new Uri($"{HubArchives}google/experts/bert/{path}/2?tf-hub-format=compressed"),
            TensorFlowHub = $"google/experts/bert/{path}",
            Kaggle = $"google/experts-bert/{path.Replace('/', '-')}",
        };

    private static ModelEntry TalkingHeads(string size, int layers, int hidden, int heads) =>
        New($"talking-heads_{size}", "Talking heads", layers, hidden, heads, ParameterCount.TalkingHeads(layers, hidden, heads)) with
        {
            Archive = new Uri($"{HubArchives}tensorflow/talkheads_ggelu_bert_en_{size}/1?tf-hub-format=compressed"),
            TensorFlowHub = $"tensorflow/talkheads_ggelu_bert_en_{size}",
            Kaggle = $"tensorflow/talkheads-ggelu-bert/en-{size}",
        };

    private static ModelEntry New(string name, string family, int layers, int hidden, int heads, long parameters) => new(name, ModelSource.TensorFlow)
    {
        Family = family,
        Layers = layers,
        HiddenSize = hidden,
        Heads = heads,
        Parameters = parameters,
        Preprocessing = TextPreprocessing.UncasedWordPiece,
        Licence = "Apache-2.0",
    };

    private static string Shape(int layers, int hidden, int heads) => $"L-{layers}_H-{hidden}_A-{heads}";

    private static int VocabularyOf(TextPreprocessing preprocessing) => preprocessing switch
    {
        TextPreprocessing.CasedWordPiece => 28996,
        TextPreprocessing.MultilingualWordPiece => 119547,
        TextPreprocessing.ChineseWordPiece => 21128,
        _ => 30522,
    };
}
