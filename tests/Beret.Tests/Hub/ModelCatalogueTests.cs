using System.Globalization;
using System.Text.RegularExpressions;
using Beret.Hub;

namespace Beret.Tests.Hub;

public sealed class ModelCatalogueTests
{
    public static TheoryData<string, string> TensorFlowNames => new()
    {
        { "bert_en_uncased_L-12_H-768_A-12", "google-bert/bert-base-uncased" },
        { "bert_en_cased_L-12_H-768_A-12", "google-bert/bert-base-cased" },
        { "bert_multi_cased_L-12_H-768_A-12", "google-bert/bert-base-multilingual-cased" },
        { "bert_en_uncased_L-24_H-1024_A-16", "google-bert/bert-large-uncased" },
        { "bert_en_cased_L-24_H-1024_A-16", "google-bert/bert-large-cased" },
        { "bert_en_wwm_uncased_L-24_H-1024_A-16", "google-bert/bert-large-uncased-whole-word-masking" },
        { "bert_en_wwm_cased_L-24_H-1024_A-16", "google-bert/bert-large-cased-whole-word-masking" },
        { "bert_zh_L-12_H-768_A-12", "google-bert/bert-base-chinese" },
        { "small_bert/bert_en_uncased_L-4_H-512_A-8", "google/bert_uncased_L-4_H-512_A-8" },
        { "albert_en_base", "albert/albert-base-v2" },
        { "albert_en_xxlarge", "albert/albert-xxlarge-v2" },
        { "electra_small", "google/electra-small-discriminator" },
        { "electra_large", "google/electra-large-discriminator" },
    };

    [Theory]
    [MemberData(nameof(TensorFlowNames))]
    public void A_name_of_the_tutorial_has_a_mirror_and_TensorFlows_definition(string name, string repository)
    {
        var entry = ModelCatalogue.Find(name)!;
        Assert.Equal((name, repository, ModelSource.TensorFlow), (entry.Name, entry.Repository, entry.Source));
        Assert.Equal(ModelSource.HuggingFace, ModelCatalogue.Find(repository)!.Source);
    }

    [Fact]
    public void All_of_the_tutorials_families_are_complete()
    {
        foreach (var layers in new[] { 2, 4, 6, 8, 10, 12 })
        {
            foreach (var size in new[] { 128, 256, 512, 768 })
            {
                var entry = ModelCatalogue.Find($"small_bert/bert_en_uncased_L-{layers}_H-{size}_A-{size / 64}")!;
                Assert.Equal((layers, size, size / 64), (entry.Layers, entry.HiddenSize, entry.Heads));
                Assert.Equal($"https://storage.googleapis.com/bert_models/2020_02_20/uncased_L-{layers}_H-{size}_A-{size / 64}.zip", entry.Archive!.AbsoluteUri);
            }
        }

        foreach (var name in new[]
                 {
                     "albert_en_base", "albert_en_large", "albert_en_xlarge", "albert_en_xxlarge", "electra_small", "electra_base", "electra_large", "experts_wiki_books",
                     "experts_wiki_books_sst2", "experts_wiki_books_mnli", "experts_wiki_books_qnli", "experts_wiki_books_qqp", "experts_wiki_books_squad2",
                     "experts_pubmed", "experts_pubmed_squad2", "talking-heads_base", "talking-heads_large",
                 })
        {
            Assert.Equal(ModelSource.TensorFlow, ModelCatalogue.Find(name)!.Source);
        }

        Assert.Equal(24 + 8 + 4 + 3 + 8 + 2, ModelCatalogue.Entries.Count(entry => entry.Source == ModelSource.TensorFlow));
    }

    [Theory]
    [InlineData("tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8", 1, "small_bert/bert_en_uncased_L-4_H-512_A-8")]
    [InlineData("tensorflow/bert_en_uncased_L-12_H-768_A-12", 3, "bert_en_uncased_L-12_H-768_A-12")]
    [InlineData("tensorflow/bert_en_wwm_cased_L-24_H-1024_A-16", 4, "bert_en_wwm_cased_L-24_H-1024_A-16")]
    [InlineData("tensorflow/bert_multi_cased_L-12_H-768_A-12", 3, "bert_multi_cased_L-12_H-768_A-12")]
    [InlineData("tensorflow/bert_zh_L-12_H-768_A-12", 4, "bert_zh_L-12_H-768_A-12")]
    [InlineData("tensorflow/albert_en_base", 2, "albert_en_base")]
    [InlineData("google/electra_small", 2, "electra_small")]
    [InlineData("google/experts/bert/pubmed", 2, "experts_pubmed")]
    [InlineData("google/experts/bert/wiki_books/sst2", 2, "experts_wiki_books_sst2")]
    [InlineData("google/experts/bert/pubmed/squad2", 2, "experts_pubmed_squad2")]
    [InlineData("tensorflow/talkheads_ggelu_bert_en_base", 1, "talking-heads_base")]
    [InlineData("tensorflow/talkheads_ggelu_bert_en_large", 1, "talking-heads_large")]
    public void The_addresses_of_TensorFlow_Hub_are_names(string path, int version, string name)
    {
        foreach (var start in new[] { "https://tfhub.dev/", "http://tfhub.dev/", "tfhub.dev/", "" })
        {
            foreach (var end in new[] { "", "/", $"/{version}", $"/{version}/", $"/{version}?tf-hub-format=compressed" })
            {
                Assert.Equal(name, ModelCatalogue.Find(start + path + end)?.Name);
            }
        }
    }

    [Theory]
    [InlineData("tensorflow/bert/tensorFlow2/bert-en-uncased-l-4-h-512-a-8", "small_bert/bert_en_uncased_L-4_H-512_A-8")]
    [InlineData("tensorflow/bert/TensorFlow2/bert-en-uncased-l-12-h-768-a-12", "small_bert/bert_en_uncased_L-12_H-768_A-12")]
    [InlineData("tensorflow/bert/TensorFlow2/en-uncased-l-12-h-768-a-12", "bert_en_uncased_L-12_H-768_A-12")]
    [InlineData("tensorflow/bert/TensorFlow2/multi-cased-l-12-h-768-a-12", "bert_multi_cased_L-12_H-768_A-12")]
    [InlineData("google/experts-bert/tensorFlow2/pubmed", "experts_pubmed")]
    [InlineData("google/experts-bert/tensorFlow2/wiki-books-sst2", "experts_wiki_books_sst2")]
    [InlineData("google/electra/tensorFlow2/small", "electra_small")]
    [InlineData("tensorflow/albert/tensorFlow2/en-base", "albert_en_base")]
    public void Their_successors_on_Kaggle_are_names(string path, string name)
    {
        var parts = path.Split('/');
        foreach (var address in new[]
                 {
                     $"https://www.kaggle.com/models/{path}", $"https://kaggle.com/models/{path}/2", $"https://www.kaggle.com/models/{path}/2?tfhub-redirect=true", path, $"{path}/3",
                     $"https://www.kaggle.com/models/{parts[0]}/{parts[1]}/frameworks/{parts[2]}/variations/{parts[3]}/versions/2",
                     $"https://www.kaggle.com/api/v1/models/{path}/3/download",
                 })
        {
            Assert.Equal(name, ModelCatalogue.Find(address)?.Name);
        }
    }

    [Theory]
    [InlineData("https://huggingface.co/google-bert/bert-base-uncased", "google-bert/bert-base-uncased")]
    [InlineData("https://huggingface.co/google-bert/bert-base-uncased/tree/main", "google-bert/bert-base-uncased")]
    [InlineData("hf.co/microsoft/deberta-v3-base", "microsoft/deberta-v3-base")]
    [InlineData("BERT-base-uncased", "google-bert/bert-base-uncased")]
    [InlineData("roberta-base", "FacebookAI/roberta-base")]
    [InlineData("xlm-roberta-base", "FacebookAI/xlm-roberta-base")]
    [InlineData("distilbert-base-uncased", "distilbert/distilbert-base-uncased")]
    [InlineData("ModernBERT-base", "answerdotai/ModernBERT-base")]
    [InlineData("all-mpnet-base-v2", "sentence-transformers/all-mpnet-base-v2")]
    [InlineData("bert_en_uncased_L-4_H-512_A-8", "small_bert/bert_en_uncased_L-4_H-512_A-8")]
    [InlineData("talkheads_ggelu_bert_en_base", "talking-heads_base")]
    public void Owners_hosts_and_case_may_be_left_out(string typed, string name) => Assert.Equal(name, ModelCatalogue.Find(typed)?.Name);

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("?")]
    [InlineData("https://")]
    [InlineData("https://tfhub.dev/tensorflow/bert_en_uncased_preprocess/3")]
    [InlineData("https://www.kaggle.com/models/tensorflow/bert/tfLite/en-base/1")]
    [InlineData("https://www.kaggle.com/models/")]
    [InlineData("https://example.com/tensorflow/albert_en_base/2")]
    public void What_is_no_model_is_not_known(string name) => Assert.Null(ModelCatalogue.Find(name));

    // Counted by the programs that the models are from.
    [Theory]
    [InlineData("small_bert/bert_en_uncased_L-4_H-512_A-8", 28_763_648)]
    [InlineData("bert_en_uncased_L-12_H-768_A-12", 109_482_240)]
    [InlineData("albert_en_base", 11_683_584)]
    [InlineData("albert_en_xxlarge", 222_595_584)]
    [InlineData("electra_base", 109_482_240)]
    [InlineData("google/electra-base-discriminator", 108_891_648)]
    [InlineData("electra_small", 13_548_800)]
    [InlineData("all-MiniLM-L6-v2", 22_713_216)]
    [InlineData("paraphrase-multilingual-MiniLM-L12-v2", 117_653_760)]
    [InlineData("distilbert-base-uncased", 66_362_880)]
    [InlineData("roberta-base", 124_645_632)]
    [InlineData("roberta-large", 355_359_744)]
    [InlineData("xlm-roberta-base", 278_043_648)]
    [InlineData("all-mpnet-base-v2", 109_486_464)]
    [InlineData("deberta-v3-base", 183_831_552)]
    [InlineData("deberta-v3-xsmall", 70_682_112)]
    [InlineData("ModernBERT-base", 149_014_272)]
    [InlineData("ModernBERT-large", 394_781_696)]
    public void Parameters_are_counted_as_their_authors_do(string name, long parameters) => Assert.Equal(parameters, ModelCatalogue.Find(name)!.Parameters);

    [Theory]
    [InlineData("small_bert/bert_en_uncased_L-4_H-512_A-9", "small_bert/bert_en_uncased_L-4_H-512_A-8")]
    [InlineData("albert_base", "albert_en_base")]
    [InlineData("electra-smal", "electra_small")]
    [InlineData("talking_heads_base", "talking-heads_base")]
    [InlineData("https://tfhub.dev/google/electra_bse/2", "electra_base")]
    [InlineData("robeta-base", "roberta-base")]
    public void A_name_nearly_right_has_the_right_one_as_the_nearest(string typed, string nearest) => Assert.Equal(nearest, ModelCatalogue.Nearest(typed)[0]);

    [Fact]
    public void Every_name_finds_its_own_entry()
    {
        Assert.All(ModelCatalogue.Entries, entry => Assert.Same(entry, ModelCatalogue.Find(entry.Name)));
        Assert.All(ModelCatalogue.Entries, entry => Assert.Same(entry, ModelCatalogue.Find(entry.ShortName)));
        Assert.All(ModelCatalogue.Entries, entry => Assert.True(entry.IsEmbedded || entry.Repository is not null || (entry.Archive is not null && entry.Kaggle is not null)));
    }

    [Fact]
    public void What_was_measured_is_what_the_pages_say()
    {
        var performance = File.ReadAllText(Repository.Path("docs", "performance.md"));
        foreach (var (row, batch, measured) in new[]
        {
            ("MiniLM (L6 H384 A12)", "32 × 128", MeasuredModels.MiniLM), ("small BERT (L4 H512 A8)", "32 × 128", MeasuredModels.SmallBert),
            ("BERT base (L12 H768 A12)", "8 × 128", MeasuredModels.BertBase),
        })
        {
            // Fine-tuning, then inference; ms, spread, texts/s.
            var rates = Regex.Matches(performance, $@"^\| {Regex.Escape(row)} \| {batch} \| fp32 \| Beret \| [\d.]+ \| [^|]+ \| ([\d.]+) \|", RegexOptions.Multiline)
                .Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
            Assert.Equal([measured.TrainedPerSecond, measured.TextsPerSecond], rates);
        }

        var accuracy = MeasuredModels.MiniLM.ImdbAccuracy!.Value.ToString("0.0000", CultureInfo.InvariantCulture);
        Assert.Contains($"**{accuracy}**", File.ReadAllText(Repository.Path("docs", "results.md")));
    }
}
