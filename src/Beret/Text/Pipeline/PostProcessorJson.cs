using System.Text.Json;

namespace Beret.Text.Pipeline;

/// <summary>What happens around the tokens of a text.</summary>
/// <param name="Template">The special tokens.</param>
/// <param name="TrimOffsets">Whether ranges leave white space out.</param>
/// <param name="AddPrefixSpace">With that: whether a space may have been put before the text.</param>
internal sealed record PostProcessing(PackingTemplate Template, bool TrimOffsets = false, bool AddPrefixSpace = false)
{
    /// <summary>The special tokens by the names they have here.</summary>
    public IReadOnlyList<(string Name, int Id)> Tokens { get; init; } = [];
}

/// <summary>Reads the "post_processor" of a tokenizer.json.</summary>
internal static class PostProcessorJson
{
    private const string Block = "post_processor";

    /// <param name="value">The step.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="addPrefixSpace">Overrides what RobertaProcessing says, as tokenizer_config.json may.</param>
    /// <exception cref="TokenizerException">It is not supported; the message names it.</exception>
    public static PostProcessing Read(JsonElement value, string path, bool? addPrefixSpace)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return new PostProcessing(PackingTemplate.None);
        }

        var block = new JsonBlock(value, path, Block);
        var processing = block.Type switch
        {
            "BertProcessing" => Around(block, path, PackingTemplate.Bert),
            "RobertaProcessing" => Around(block, path, PackingTemplate.Roberta) with
            {
                TrimOffsets = block.Boolean("trim_offsets", true),
                AddPrefixSpace = block.Boolean("add_prefix_space", true),
            },
            "ByteLevel" => new PostProcessing(PackingTemplate.None, block.Boolean("trim_offsets", true), block.Boolean("add_prefix_space", true)),
            "TemplateProcessing" => Template(block, path),
            "Sequence" => Sequence(block, path),
            var other => throw new TokenizerException($"{path}: post_processor {other} is not supported"),
        };
        block.Ignore(block.Type == "ByteLevel" ? ["use_regex"] : []);
        block.End();
        return block.Type == "RobertaProcessing" && addPrefixSpace is { } space ? processing with { AddPrefixSpace = space } : processing;
    }

    private static PostProcessing Sequence(JsonBlock block, string path)
    {
        var result = new PostProcessing(PackingTemplate.None);
        foreach (var step in Json.Array(block.Required("processors"), path, "processors"))
        {
            var next = Read(step, path, null);
            if ((next.TrimOffsets && result.TrimOffsets) || (next.Template != PackingTemplate.None && result.Template != PackingTemplate.None))
            {
                throw new TokenizerException($"{path}: post_processor Sequence with two steps that do the same is not supported");
            }

            result = new PostProcessing(
                next.Template == PackingTemplate.None ? result.Template : next.Template,
                result.TrimOffsets || next.TrimOffsets,
                result.TrimOffsets ? result.AddPrefixSpace : next.AddPrefixSpace)
            {
                Tokens = [.. result.Tokens, .. next.Tokens],
            };
        }

        return result;
    }

    private static PostProcessing Around(JsonBlock block, string path, Func<int, int, PackingTemplate> template)
    {
        var (classification, separator) = (Token(block, path, "cls"), Token(block, path, "sep"));
        return new PostProcessing(template(classification.Id, separator.Id)) { Tokens = [classification, separator] };
    }

    /// <summary>["[CLS]", 101].</summary>
    private static (string Name, int Id) Token(JsonBlock block, string path, string key)
    {
        var value = block.Required(key);
        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
            ? (Json.String(value[0], path, key), Json.Int(value[1], path, key))
            : throw new TokenizerException($"{path}: {key} of post_processor must be a token and its id");
    }

    private static PostProcessing Template(JsonBlock block, string path)
    {
        var special = new Dictionary<string, int[]>(StringComparer.Ordinal);
        var named = new List<(string, int)>();
        foreach (var token in Json.Object(block.Required("special_tokens"), path, "special_tokens"))
        {
            int[] ids = [.. Json.Array(Json.Property(token.Value, "ids", path), path, "ids").Select(id => Json.Int(id, path, "ids"))];
            string[] names = [.. Json.Array(Json.Property(token.Value, "tokens", path), path, "tokens").Select(name => Json.String(name, path, "tokens"))];
            if (names.Length != ids.Length)
            {
                throw new TokenizerException($"{path}: special token {Json.Quote(token.Name)} of post_processor has {names.Length} tokens and {ids.Length} ids");
            }

            special[token.Name] = ids;
            named.AddRange(names.Zip(ids));
        }

        var (single, pair) = (block.Required("single"), block.Required("pair"));
        return new PostProcessing(new PackingTemplate(Form(single, "single", ["A"], special, path), Form(pair, "pair", ["A", "B"], special, path)))
        {
            Tokens = named,
        };
    }

    private static TemplateForm Form(JsonElement value, string key, string[] texts, Dictionary<string, int[]> special, string path)
    {
        // The special tokens before each text, and after the last.
        var around = new List<List<SpecialToken>> { new() };
        var types = new List<int>();
        var highest = 0;
        foreach (var part in Json.Array(value, path, "template").SelectMany(part => Json.Object(part, path, "part of a template")))
        {
            var name = Json.String(Json.Property(part.Value, "id", path), path, "id");
            var type = Json.Int(Json.Property(part.Value, "type_id", path), path, "type_id");
            if (type is not (0 or 1) || type < highest)
            {
                throw Unsupported("has other token types than 0 and then 1");
            }

            highest = type;
            if (part.Name == "Sequence")
            {
                if (types.Count == texts.Length || name != texts[types.Count])
                {
                    throw Unsupported($"does not have the texts {string.Join(" and ", texts)} once and in this order");
                }

                types.Add(type);
                around.Add([]);
            }
            else if (part.Name == "SpecialToken" && special.TryGetValue(name, out var ids))
            {
                around[^1].AddRange(ids.Select(id => new SpecialToken(id, type)));
            }
            else
            {
                throw Unsupported($"has the part {part.Name} {Json.Quote(name)}, which special_tokens does not tell of");
            }
        }

        if (types.Count < texts.Length)
        {
            throw Unsupported($"does not have the texts {string.Join(" and ", texts)}");
        }

        return new TemplateForm
        {
            Before = [.. around[0]],
            FirstType = types[0],
            Between = texts.Length == 1 ? [] : [.. around[1]],
            SecondType = types[^1],
            After = [.. around[^1]],
        };

        TokenizerException Unsupported(string why) => new($"{path}: post_processor TemplateProcessing's {key} {why}, which is not supported");
    }
}
