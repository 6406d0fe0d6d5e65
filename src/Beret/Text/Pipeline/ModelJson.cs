using System.Text.Json;

namespace Beret.Text.Pipeline;

/// <summary>The model of a tokenizer.json: its kind, its vocabulary, and how to make it.</summary>
internal sealed record ModelDescription(string Kind, Vocabulary Vocabulary, string? Unknown, Func<SplitModel> Make)
{
    /// <summary>For WordPiece: what stands before the pieces within a word, and the longest word in characters.</summary>
    public (string Prefix, int WordLimit)? WordPiece { get; init; }
}

/// <summary>Reads the "model" of a tokenizer.json.</summary>
internal static class ModelJson
{
    /// <exception cref="TokenizerException">It is not supported, or is damaged; the message names what.</exception>
    public static ModelDescription Read(JsonElement value, string path)
    {
        // Files of older versions name no type; what a model has shows it.
        var untyped = Has("merges") ? "BPE" : Has("unk_id") ? "Unigram" : Has("max_input_chars_per_word") ? "WordPiece" : "without a type";
        var block = new JsonBlock(value, path, "model", untyped);
        var model = block.Type switch
        {
            "WordPiece" => WordPiece(block, path),
            "BPE" => Bpe(block, path),
            "Unigram" => Unigram(block, path),
            var other => throw new TokenizerException($"{path}: model {other} is not supported; WordPiece, BPE and Unigram are"),
        };
        block.End();
        return model;

        bool Has(string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _);
    }

    private static ModelDescription WordPiece(JsonBlock block, string path)
    {
        var unknown = block.OptionalString("unk_token") ?? "[UNK]";
        var prefix = block.OptionalString("continuing_subword_prefix") ?? "##";
        var limit = block.OptionalInt("max_input_chars_per_word") ?? TokenizerSettings.HuggingFaceWordLimit;
        if (limit is < 1 or > TokenizerSettings.LargestWordLimit)
        {
            throw new TokenizerException($"{path}: max_input_chars_per_word {limit} is not between 1 and {TokenizerSettings.LargestWordLimit}");
        }

        var vocabulary = ReadVocabulary(block.Required("vocab"), path);
        return new ModelDescription("WordPiece", vocabulary, unknown, () =>
        {
            var id = vocabulary.Ids.TryGetValue(unknown, out var found) ? found : throw NoUnknown(path, unknown);
            return new WordPieceModel(WordPieceTrie.Of(vocabulary, prefix), id, limit);
        })
        {
            WordPiece = (prefix, limit),
        };
    }

    private static ModelDescription Bpe(JsonBlock block, string path)
    {
        if (block.Optional("dropout") is { } dropout && (dropout.ValueKind != JsonValueKind.Number || dropout.GetDouble() != 0))
        {
            throw new TokenizerException($"{path}: dropout {dropout.GetRawText()} of model BPE is not supported: it makes the ids of a text a matter of chance");
        }

        var settings = new BpeSettings
        {
            Unknown = block.OptionalString("unk_token"),
            FuseUnknown = block.Boolean("fuse_unk", false),
            ContinuingPrefix = block.OptionalString("continuing_subword_prefix") ?? "",
            EndSuffix = block.OptionalString("end_of_word_suffix") ?? "",
            ByteFallback = block.Boolean("byte_fallback", false),
            IgnoreMerges = block.Boolean("ignore_merges", false),
        };
        var vocabulary = ReadVocabulary(block.Required("vocab"), path);
        var merges = BpeMerges.Resolve(Pairs(block.Required("merges"), path), vocabulary, settings.ContinuingPrefix.Length, path);
        return new ModelDescription("BPE", vocabulary, settings.Unknown, () =>
            settings.Unknown is { } unknown && !vocabulary.Ids.ContainsKey(unknown)
                ? throw NoUnknown(path, unknown)
                : new BpeModel(vocabulary, merges, settings));
    }

    /// <summary>Merges are written as "a b", or as ["a", "b"] since version 0.20.</summary>
    private static IEnumerable<(string Left, string Right)> Pairs(JsonElement value, string path)
    {
        foreach (var merge in Json.Array(value, path, "merges"))
        {
            if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
            {
                yield return (Json.String(merge[0], path, "merge"), Json.String(merge[1], path, "merge"));
            }
            else if (BpeMerges.Parse(Json.String(merge, path, "merge"), path) is { } pair)
            {
                yield return pair;
            }
        }
    }

    private static ModelDescription Unigram(JsonBlock block, string path)
    {
        var list = block.Required("vocab");
        var entries = Json.Array(list, path, "vocab");
        var tokens = new string?[list.GetArrayLength()];
        var scores = new double[tokens.Length];
        foreach (var (i, entry) in entries.Index())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[1].ValueKind != JsonValueKind.Number)
            {
                throw new TokenizerException($"{path}: entry {i} of the vocab of model Unigram is not a piece and its score");
            }

            tokens[i] = Json.String(entry[0], path, "piece");
            scores[i] = UnigramScore.Parse(entry[1].GetRawText());
            if (!double.IsFinite(scores[i]))
            {
                throw new TokenizerException($"{path}: piece {Json.Quote(tokens[i]!)} has the score {entry[1].GetRawText()}, which is no number");
            }
        }

        var unknown = block.OptionalInt("unk_id");
        if (tokens.Length == 0 || (unknown is { } id && (uint)id >= (uint)tokens.Length))
        {
            throw new TokenizerException($"{path}: model Unigram has {tokens.Length} pieces and the unk_id {unknown}, which is none of them");
        }

        var vocabulary = new Vocabulary(tokens);
        var byteFallback = block.Boolean("byte_fallback", false);
        return new ModelDescription(
            "Unigram", vocabulary, unknown is null ? null : tokens[unknown.Value], () => new UnigramModel(vocabulary, scores, unknown, byteFallback, path));
    }

    /// <summary>Tokens and ids, as an object.</summary>
    public static Vocabulary ReadVocabulary(JsonElement value, string path)
    {
        var entries = new List<(string Token, int Id)>();
        var last = -1;
        foreach (var property in Json.Object(value, path, "vocab"))
        {
            var id = Json.Int(property.Value, path, "id of a token");
            entries.Add((property.Name, id));
            last = Math.Max(last, id);
            if (id < 0)
            {
                throw new TokenizerException($"{path}: token {Json.Quote(property.Name)} has the id {id}");
            }
        }

        if (last < 0 || last > (2L * entries.Count) + 100_000)
        {
            throw new TokenizerException($"{path}: the vocabulary has {entries.Count} tokens and ids up to {last}, which cannot be one vocabulary");
        }

        var tokens = new string?[last + 1];
        foreach (var (token, id) in entries)
        {
            if (tokens[id] is { } other && other != token)
            {
                throw new TokenizerException($"{path}: tokens {Json.Quote(other)} and {Json.Quote(token)} have the same id {id}");
            }

            tokens[id] = token;
        }

        return new Vocabulary(tokens);
    }

    private static TokenizerException NoUnknown(string path, string unknown) =>
        new($"{path}: the vocabulary has no {Json.Quote(unknown)}, which it needs as unk_token");
}
