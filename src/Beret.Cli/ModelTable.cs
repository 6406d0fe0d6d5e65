using System.Globalization;
using System.Text;
using System.Text.Json;
using Beret.Hub;

namespace Beret.Cli;

/// <summary>Known models as a table that fits into 80 columns, or as JSON.</summary>
/// <param name="entries">The models, in the catalogue's order.</param>
/// <param name="findCached">Gives the folder of a model that is here, or null.</param>
/// <param name="cache">The folder of the cache.</param>
internal sealed class ModelTable(IReadOnlyList<ModelEntry> entries, Func<ModelEntry, string?> findCached, string cache)
{
    private const string Unknown = "-";

    public string ToText()
    {
        var text = new StringBuilder();
        var width = entries.Max(entry => entry.ShortName.Length);
        foreach (var names in entries.GroupBy(Title))
        {
            text.Append(names.Key).Append('\n').Append(Row("", "", "params", "size", "texts/s", "IMDB", width));
            foreach (var group in names.GroupBy(entry => (entry.Family, entry.Preprocessing, entry.Licence)))
            {
                text.Append('\n').Append(group.Key.Family).Append(": ").Append(Describe(group.Key.Preprocessing)).Append(", ").Append(group.Key.Licence).Append('\n');
                foreach (var entry in group)
                {
                    text.Append(Row(
                        findCached(entry) is null ? "" : "*",
                        entry.ShortName,
                        string.Create(CultureInfo.InvariantCulture, $"{entry.Parameters / 1e6:0.0}M"),
                        Size(entry.Bytes),
                        entry.Measured?.TextsPerSecond.ToString("0.#", CultureInfo.InvariantCulture) ?? Unknown,
                        entry.Measured?.ImdbAccuracy?.ToString("0.0000", CultureInfo.InvariantCulture) ?? Unknown,
                        width));
                }
            }

            text.Append('\n');
        }

        return text.Append(CultureInfo.InvariantCulture, $"""
            *        in the cache ({cache})
            size     of the weights; the download is about as large
            texts/s  predicted texts of 128 tokens a second, fp32, on two cores
            IMDB     share of right test reviews after fine-tuning; both where measured

            """).ToString();
    }

    public string ToJson()
    {
        return JsonText.Indented(json =>
        {
            json.WriteStartArray();
            foreach (var entry in entries)
            {
                Write(json, entry);
            }

            json.WriteEndArray();
        }) + "\n";
    }

    private static string Title(ModelEntry entry) => entry.IsEmbedded ? "Beret's own: a part of the program, never downloaded"
        : entry.Source == ModelSource.TensorFlow ? "TensorFlow's names: the encoders of the tutorial, with its GELU and its tokens"
        : "Hugging Face's names, with or without the owner; any other owner/name works";

    private static string Row(string mark, string name, string parameters, string size, string speed, string accuracy, int width) =>
        $"{mark,-1} {name.PadRight(width)}  {parameters,6}  {size,6}  {speed,7}  {accuracy,6}\n";

    private static string Size(long bytes) =>
        bytes >= 1e9 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB") : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB");

    private static string Describe(TextPreprocessing preprocessing) => preprocessing switch
    {
        TextPreprocessing.UncasedWordPiece => "uncased WordPiece",
        TextPreprocessing.CasedWordPiece => "cased WordPiece",
        TextPreprocessing.MultilingualWordPiece => "cased multilingual WordPiece",
        TextPreprocessing.ChineseWordPiece => "Chinese WordPiece",
        TextPreprocessing.SentencePiece => "SentencePiece",
        _ => "byte-level BPE",
    };

    private void Write(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("name", entry.Name);
        json.WriteString("short_name", entry.ShortName);
        json.WriteString("source", entry.Source == ModelSource.TensorFlow ? "tensorflow" : "hugging_face");
        json.WriteString("family", entry.Family);
        json.WriteNumber("layers", entry.Layers);
        json.WriteNumber("hidden_size", entry.HiddenSize);
        json.WriteNumber("heads", entry.Heads);
        json.WriteNumber("parameters", entry.Parameters);
        json.WriteNumber("bytes", entry.Bytes);
        json.WriteString("preprocessing", Describe(entry.Preprocessing));
        json.WriteString("licence", entry.Licence);
        json.WriteBoolean("embedded", entry.IsEmbedded);
        json.WriteString("repository", entry.Repository);
        json.WriteString("archive", entry.Archive?.AbsoluteUri);
        json.WriteString("tensorflow_hub", entry.TensorFlowHub);
        json.WriteString("kaggle", entry.Kaggle);
        json.WriteString("cached", findCached(entry));
        WriteMeasured(json, "texts_per_second", entry.Measured?.TextsPerSecond);
        WriteMeasured(json, "trained_per_second", entry.Measured?.TrainedPerSecond);
        WriteMeasured(json, "imdb_accuracy", entry.Measured?.ImdbAccuracy);
        json.WriteEndObject();
    }

    private static void WriteMeasured(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
