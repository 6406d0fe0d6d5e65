using System.Globalization;
using System.Text;
using Beret.Hub;

namespace Beret.Tests.Hub;

/// <summary>docs/models.md is the catalogue; <c>BERET_WRITE_DOCS=1</c> makes this test write it.</summary>
public sealed class ModelsPageTests
{
    [Fact]
    public void The_page_of_models_is_what_the_catalogue_holds()
    {
        var path = Repository.Path("docs", "models.md");
        if (Environment.GetEnvironmentVariable("BERET_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, Page());
        }

        Assert.Equal(Page(), File.ReadAllText(path));
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Models

            <!-- Written by ModelsPageTests from the catalogue (BERET_WRITE_DOCS=1); do not edit. -->

            `beret models` lists what is known by name, `beret models pull NAME` downloads it; `--model NAME` and `Encoder.Load("NAME")` download it when it is needed.
            Beside the names below these work wherever a model is wanted:

            - any `owner/name` of Hugging Face, and its address;
            - the addresses of TensorFlow Hub (`https://tfhub.dev/…`) and their successors on Kaggle, with and without version;
            - a folder: Hugging Face's files, a TensorFlow checkpoint, or a SavedModel;
            - an archive of such a folder (`.zip`, `.tar`, `.tar.gz`), which is unpacked into the cache.

            A name decides more than the weights. **TensorFlow's names** are the encoders as TensorFlow Hub has them: GELU in its tanh form, tokens as TensorFlow Text makes
            them. **Hugging Face's names** have GELU as `config.json` says and Hugging Face's tokens, even where the weights are the same.

            **`beret/mini`** is a part of the program: it needs neither a download nor a network ([embedded-encoder.md](embedded-encoder.md)). No name that begins with `beret/` is ever
            asked for elsewhere.

            ## Where files come from and where they lie

            | | place in the cache | from |
            | --- | --- | --- |
            | `owner/name`, and TensorFlow's names with a mirror | `models/owner/name/` | `https://huggingface.co/owner/name` |
            | TensorFlow's names, where the mirror fails | `tensorflow/NAME/` | the authors' archive |
            | archives given by path | `unpacked/` | |
            | `beret/mini` | `embedded/` | the library itself; what is damaged is written anew |

            The cache is `~/.cache/beret` (`%LOCALAPPDATA%\beret` on Windows, `~/Library/Caches/beret` on macOS), or `BERET_CACHE`. A model that is complete in the cache of
            Hugging Face's own programs is used from there. Weights are looked for as `model.safetensors`, `model.safetensors.index.json` with its parts, `pytorch_model.bin`,
            `pytorch_model.bin.index.json` with its parts, in this order.

            Downloads go on where they broke off, large files come in four parts at once where the server gives ranges, what fails is tried again after growing pauses, sizes and
            checksums that the hub or the storage states are held, and a file has its name only when it is complete. Two processes do not download the same file twice: one waits.

            The experts and the talking heads are on Kaggle alone, which may want an account. Where they cannot be downloaded, put the archive from the page that the message
            names at `tensorflow/NAME.tar.gz` in the cache, or its files in `tensorflow/NAME/`.

            | variable | meaning |
            | --- | --- |
            | `BERET_CACHE` | the cache's folder |
            | `BERET_HUB_URL`, `HF_ENDPOINT` | a mirror of Hugging Face |
            | `HF_TOKEN` | a token for private and gated models; else the file `token` in `HF_HOME`. It is sent to the hub's own host only |
            | `HF_HOME`, `HF_HUB_CACHE` | where Hugging Face's programs keep their files |
            | `BERET_OFFLINE`, `HF_HUB_OFFLINE` | `1`: nothing is downloaded; what is missing is named, with the place for it |
            | `HTTPS_PROXY`, `NO_PROXY` | a proxy |


            """.ReplaceLineEndings("\n"));
        Append(page, "Beret's own", isTensorFlow: false, ModelCatalogue.Entries.Where(entry => entry.IsEmbedded));
        Append(page, "TensorFlow's names", isTensorFlow: true, ModelCatalogue.Entries.Where(entry => entry.Source == ModelSource.TensorFlow));
        Append(page, "Hugging Face's names", isTensorFlow: false, ModelCatalogue.Entries.Where(entry => entry.Source == ModelSource.HuggingFace && !entry.IsEmbedded));
        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static void Append(StringBuilder page, string title, bool isTensorFlow, IEnumerable<ModelEntry> entries)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {title}\n\n| name | family | L / H / A | parameters | preprocessing | licence |{(isTensorFlow ? " weights from |" : "")}\n");
        page.Append(CultureInfo.InvariantCulture, $"| --- | --- | --- | ---: | --- | --- |{(isTensorFlow ? " --- |" : "")}\n");
        foreach (var entry in entries)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{entry.Name}` | {entry.Family} | {entry.Layers} / {entry.HiddenSize} / {entry.Heads} | {entry.Parameters:N0} ");
            page.Append(CultureInfo.InvariantCulture, $"| {Describe(entry.Preprocessing)} | {entry.Licence} |");
            page.Append(isTensorFlow ? $" {Places(entry)} |\n" : "\n");
        }

        page.Append('\n');
    }

    private static string Places(ModelEntry entry)
    {
        string?[] places =
        [
            entry.Repository is null ? null : $"[{entry.Repository}](https://huggingface.co/{entry.Repository})",
            entry.Archive is null ? null : $"[archive]({entry.Archive})",
        ];
        return string.Join(", ", places.Where(place => place is not null));
    }

    private static string Describe(TextPreprocessing preprocessing) => preprocessing switch
    {
        TextPreprocessing.UncasedWordPiece => "uncased WordPiece",
        TextPreprocessing.CasedWordPiece => "cased WordPiece",
        TextPreprocessing.MultilingualWordPiece => "cased multilingual WordPiece",
        TextPreprocessing.ChineseWordPiece => "Chinese WordPiece",
        TextPreprocessing.SentencePiece => "SentencePiece",
        _ => "byte-level BPE",
    };
}
