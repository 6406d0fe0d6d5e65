using System.Text.Json;

namespace Beret.Tests.Checkpoints.TensorFlow;

/// <summary>The bundles of fixtures/tf that TensorFlow wrote, each with the table of contents that TensorFlow read from it.</summary>
internal static class BundleFixtures
{
    /// <summary>Path to open, table of contents.</summary>
    public static readonly (string Bundle, string Contents)[] All =
    [
        ("encoder-bert/saved_model", "encoder-bert/bundle.json"),
        ("encoder-bert-v2", "encoder-bert-v2/bundle.json"),
        ("encoder-bert-mlm/saved_model", "encoder-bert-mlm/bundle.json"),
        ("encoder-albert/saved_model/variables", "encoder-albert/bundle.json"),
        ("encoder-electra/saved_model/saved_model.pb", "encoder-electra/bundle.json"),
        ("encoder-talkheads/saved_model/variables/variables", "encoder-talkheads/bundle.json"),
        ("classifier-bert/saved_model", "classifier-bert/bundle.json"),
        ("classifier-albert/saved_model", "classifier-albert/bundle.json"),
        ("preprocess-wordpiece-uncased/saved_model", "preprocess-wordpiece-uncased/bundle.json"),
        ("preprocess-wordpiece-cased/saved_model", "preprocess-wordpiece-cased/bundle.json"),
        ("preprocess-sentencepiece/saved_model", "preprocess-sentencepiece/bundle.json"),
        ("ckpt-bert/bert_model.ckpt", "ckpt-bert/bundle.json"),
        ("ckpt-bert/tf2/encoder.ckpt-1.index", "ckpt-bert/tf2/encoder.ckpt-1.bundle.json"),
        ("ckpt-bert/tf2/pretrainer.ckpt-1", "ckpt-bert/tf2/pretrainer.ckpt-1.bundle.json"),
        ("ckpt-bert-adam-shards/bert_model.ckpt.data-00001-of-00003", "ckpt-bert-adam-shards/bundle.json"),
        ("ckpt-albert", "ckpt-albert/bundle.json"),
        ("ckpt-electra/electra_model.ckpt", "ckpt-electra/bundle.json"),
        ("bundle-odd/odd", "bundle-odd/odd.bundle.json"),
        ("bundle-odd/partitioned.index", "bundle-odd/partitioned.bundle.json"),
    ];

    /// <summary>The full path; the last part of the name may be a prefix of file names. Skips the calling test where the folder is absent.</summary>
    public static string PathOf(string name)
    {
        var parts = name.Split('/');
        return Path.Combine(Shared.Path(["fixtures", "tf", .. parts[..^1]]), parts[^1]);
    }

    public static JsonElement Json(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));
        return document.RootElement.Clone();
    }
}
