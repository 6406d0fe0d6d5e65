using System.Text.Json;
using Beret.Text.Pipeline;

namespace Beret.Text;

/// <summary>The tokenizer.json of Hugging Face tokenizers. What is not supported is refused by name.</summary>
internal sealed class TokenizerJson : IDisposable
{
    private static readonly JsonElement Null = JsonElement.Parse("null");

    private readonly JsonDocument document;
    private readonly string path;
    private TextNormalizer? normalizer;

    private TokenizerJson(JsonDocument document, string path)
    {
        this.document = document;
        this.path = path;
    }

    public static TokenizerJson Open(string path) => new(Json.Parse(path), path);

    public void Dispose() => document.Dispose();

    /// <summary>Reads what tokenizer_config.json may add to or change.</summary>
    public void ReadSettings(TokenizerSettings settings)
    {
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var (key, value) = (property.Name, property.Value);
            switch (key)
            {
                case "version" or "decoder" or "pre_tokenizer" or "post_processor" or "model":
                    break;
                case "truncation" or "padding":
                    if (value.ValueKind != JsonValueKind.Null)
                    {
                        settings.Notes.Add($"tokenizer.json: {key} {value.GetRawText()} is replaced by the recipe's");
                    }

                    break;
                case "added_tokens":
                    foreach (var token in Json.Array(value, path, key))
                    {
                        TokenizerConfig.Add(Json.Int(Json.Property(token, "id", path), path, "added token's id"), token, path, settings);
                    }

                    break;
                case "normalizer":
                    break;
                default:
                    throw new TokenizerException($"{path}: the setting {key} is not supported");
            }
        }

        settings.HasBertNormalizer = NormalizerJson.TryReadBert(Part("normalizer"), path, settings);
        if (!settings.HasBertNormalizer)
        {
            normalizer = NormalizerJson.Read(Part("normalizer"), path);
            settings.LowerCase = normalizer?.Apply("A").Contains('a', StringComparison.Ordinal) == true;
        }
    }

    /// <summary>Makes the tokenizer.</summary>
    /// <param name="settings">What <see cref="ReadSettings"/> found, and what the other files of the folder changed.</param>
    /// <param name="lowerCase">Overrides what the files say about lower case, for BERT's tokenizer.</param>
    /// <param name="folder">The folder of the files.</param>
    public Tokenizer Build(TokenizerSettings settings, bool? lowerCase, string folder)
    {
        var model = ModelJson.Read(Json.Property(document.RootElement, "model", path), path);

        // A token that the vocabulary has keeps the id that it has there.
        foreach (var token in settings.Added.Values.ToArray())
        {
            if (model.Vocabulary.Ids.TryGetValue(token.Content, out var id))
            {
                settings.Added[token.Content] = token with { Id = id };
            }
        }

        var processing = PostProcessorJson.Read(Part("post_processor"), path, settings.AddPrefixSpace);
        CheckTemplate(processing, model.Vocabulary, settings);
        if (settings.HasBertNormalizer && PreTokenizerJson.IsBert(Part("pre_tokenizer"), path) && model.WordPiece is var (prefix, limit)
            && !settings.Added.Values.Any(t => t.Normalized || t.SingleWord))
        {
            settings.ContinuingPrefix = prefix;
            settings.WordLimit = limit;
            settings.Unknown ??= model.Unknown;
            return BertTokenizer(settings, model, processing, lowerCase, folder);
        }

        if (settings.Flavour != TokenizerFlavour.HuggingFace)
        {
            throw new TokenizerException(
                $"{path}: the {settings.Flavour.Format()} flavour is one of BERT's WordPiece; this tokenizer has other steps, and only the hf flavour has them");
        }

        TokenizerFolder.RefuseLowerCase(lowerCase, settings.LowerCase, path);
        return PipelineTokenizer.Create(
            settings,
            model,
            settings.HasBertNormalizer
                ? ScalarMapping.Bert(settings.CleanText, settings.SpaceChinese, settings.StripAccents ?? settings.LowerCase, settings.LowerCase)
                : normalizer,
            PreTokenizerJson.Read(Part("pre_tokenizer"), path, settings.AddPrefixSpace),
            processing,
            Files(folder),
            path);
    }

    /// <summary>BERT's three steps have a faster way, and files of their own where the special tokens are BERT's too.</summary>
    private Tokenizer BertTokenizer(
        TokenizerSettings settings, ModelDescription model, PostProcessing processing, bool? lowerCase, string folder)
    {
        var (single, pair) = (processing.Template.Single, processing.Template.Pair);
        if (single is { Before: [var first], After: [var last] })
        {
            var table = new TokenTable(model.Vocabulary, settings.Added.Values, path);
            settings.Classification ??= table.Token(first.Id);
            settings.Separator ??= table.Token(last.Id);
        }

        settings.Padding ??= PipelineTokenizer.Usual(settings, model.Vocabulary, "[PAD]", "<pad>");
        settings.Mask ??= PipelineTokenizer.Usual(settings, model.Vocabulary, "[MASK]", "<mask>");
        var isBert = pair is { Before: [var start], Between: [var middle], After: [var end], FirstType: 0, SecondType: 1 }
            && single is { Before: [var only], After: [var close] } && start == only && middle == close && end == middle with { Type = 1 }
            && middle.Type == 0 && start.Type == 0
            && IsNamed(settings.Classification, start.Id) && IsNamed(settings.Separator, middle.Id);
        if (!isBert)
        {
            TokenizerFolder.RefuseLowerCase(lowerCase, settings.LowerCase, path);
        }

        settings.LowerCase = lowerCase ?? settings.LowerCase;
        return WordPieceTokenizer.Create(settings, model.Vocabulary, path, processing, isBert ? null : Files(folder));

        bool IsNamed(string? name, int id) => name is not null
            && (model.Vocabulary.Ids.TryGetValue(name, out var found) ? found == id : settings.Added.TryGetValue(name, out var token) && token.Id == id);
    }

    private void CheckTemplate(PostProcessing processing, Vocabulary vocabulary, TokenizerSettings settings)
    {
        foreach (var (name, id) in processing.Tokens)
        {
            var known = vocabulary.Ids.ContainsKey(name) || settings.Added.ContainsKey(name);
            if (!known || !((uint)id < (uint)vocabulary.Tokens.Length || settings.Added.Values.Any(t => t.Id == id)))
            {
                throw new TokenizerException($"{path}: the special token {Json.Quote(name)} of post_processor, with the id {id}, is not in the vocabulary");
            }
        }
    }

    private static CopiedFiles Files(string folder) => new CopiedFiles().With(
        folder, TokenizerFolder.CompleteFile, TokenizerFolder.ConfigFile, TokenizerFolder.SpecialTokensFile, TokenizerFolder.AddedTokensFile);

    private JsonElement Part(string key) => document.RootElement.TryGetProperty(key, out var part) ? part : Null;
}
