namespace Beret.Text;

/// <summary>Finds the ids of the tokens that the files name for a role.</summary>
internal static class SpecialRoles
{
    /// <summary>
    /// The ids of the named tokens. Hugging Face adds its special tokens to whatever the files list as added: so does this. For BERT, whose names have
    /// defaults, all but the mask must be there.
    /// </summary>
    /// <exception cref="TokenizerException">The vocabulary does not have a token that is named.</exception>
    public static SpecialIds Resolve(TokenizerSettings settings, Vocabulary vocabulary, string source)
    {
        var special = new SpecialIds(
            Required(settings.Padding, "pad_token"),
            Required(settings.Unknown, "unk_token"),
            Required(settings.Classification, "cls_token"),
            Required(settings.Separator, "sep_token"),
            settings.Mask is { } mask ? Find(mask) : null);
        foreach (var name in (string?[])[settings.Unknown, settings.Classification, settings.Separator, settings.Padding, settings.Mask])
        {
            if (name is not null && Find(name) is { } id)
            {
                settings.Added.TryAdd(name, new AddedToken(name, id));
            }
        }

        foreach (var (name, role) in settings.Additional)
        {
            settings.Added.TryAdd(name, new AddedToken(name, Required(name, role)!.Value));
        }

        return special;

        int? Find(string token) =>
            vocabulary.Ids.TryGetValue(token, out var id) ? id : settings.Added.TryGetValue(token, out var added) ? added.Id : null;

        int? Required(string? token, string role) => token is null ? null : Find(token) ?? throw new TokenizerException(
            $"{source}: the vocabulary has no \"{token}\", which it needs as {role}; it is not this model's vocabulary, or "
            + $"tokenizer_config.json must name another {role}");
    }
}
