namespace Beret.Text.Pipeline;

/// <summary>Makes a tokenizer of the steps of a tokenizer.json.</summary>
internal static class PipelineTokenizer
{
    /// <exception cref="TokenizerException">A token that the settings name is not there.</exception>
    public static Tokenizer Create(
        TokenizerSettings settings,
        ModelDescription model,
        TextNormalizer? normalizer,
        PreTokenizer? preTokenizer,
        PostProcessing processing,
        ITokenizerFiles files,
        string source)
    {
        var special = SpecialRoles.Resolve(settings, model.Vocabulary, source);
        var added = settings.Added.Values;
        var table = new TokenTable(model.Vocabulary, added, source);
        TextEncoder encoder = new PipelineEncoder(normalizer, preTokenizer, model.Make(), added);
        if (processing.TrimOffsets)
        {
            encoder = new TrimmedOffsets(encoder, table, added, processing.AddPrefixSpace);
        }

        return new Tokenizer(new TokenizerParts
        {
            Kind = model.Kind,
            Flavour = TokenizerFlavour.HuggingFace,
            Encoder = encoder,
            Tokens = table,
            Template = processing.Template,
            Special = new SpecialIds(
                special.Padding ?? Id(Usual(settings, model.Vocabulary, "<pad>", "[PAD]")),
                special.Unknown ?? Id(model.Unknown),
                special.Classification ?? processing.Template.Single.Before.FirstOrNull()?.Id,
                special.Separator ?? processing.Template.Single.After.LastOrNull()?.Id,
                special.Mask ?? Id(Usual(settings, model.Vocabulary, "<mask>", "[MASK]"))),
            Files = files,
            LowerCase = settings.LowerCase,
            ModelMaxLength = settings.ModelMaxLength,
            Notes = settings.Notes,
        });

        int? Id(string? name) => name is not null && table.TryGetId(name, out var id) ? id : null;
    }

    /// <summary>The first of these names that is a token, for a role that the files name no token for.</summary>
    public static string? Usual(TokenizerSettings settings, Vocabulary vocabulary, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (settings.Added.ContainsKey(name) || vocabulary.Ids.ContainsKey(name))
            {
                return name;
            }
        }

        return null;
    }

    private static SpecialToken? FirstOrNull(this SpecialToken[] tokens) => tokens is [var first, ..] ? first : null;

    private static SpecialToken? LastOrNull(this SpecialToken[] tokens) => tokens is [.., var last] ? last : null;
}
