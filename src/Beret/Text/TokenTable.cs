namespace Beret.Text;

/// <summary>All tokens of a tokenizer by id and by name: those of its vocabulary and those added to it.</summary>
internal sealed class TokenTable
{
    private readonly Vocabulary vocabulary;
    private readonly Dictionary<string, int> added = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> addedById = [];

    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="added">The tokens added to them; one that the vocabulary has must have the id it has there.</param>
    /// <param name="source">The file or folder that errors name.</param>
    /// <exception cref="TokenizerException">An added token has an id that cannot be its own.</exception>
    public TokenTable(Vocabulary vocabulary, IReadOnlyCollection<AddedToken> added, string source)
    {
        this.vocabulary = vocabulary;
        Count = vocabulary.Tokens.Length;
        foreach (var token in added)
        {
            if (token.Id < 0 || token.Id > vocabulary.Tokens.Length + added.Count)
            {
                throw new TokenizerException(
                    $"{source}: added token \"{token.Content}\" has the id {token.Id}, and the vocabulary ends at {vocabulary.Tokens.Length - 1}");
            }

            if (token.Id < vocabulary.Tokens.Length && vocabulary.Tokens[token.Id] is { } other && other != token.Content)
            {
                throw new TokenizerException(
                    $"{source}: added token \"{token.Content}\" has the id {token.Id}, which is \"{other}\" in the vocabulary");
            }

            this.added[token.Content] = token.Id;
            addedById.TryAdd(token.Id, token.Content);
            Count = Math.Max(Count, token.Id + 1);
        }
    }

    /// <summary>The number of ids: one more than the largest.</summary>
    public int Count { get; }

    public string? Token(int id) =>
        (uint)id < (uint)vocabulary.Tokens.Length && vocabulary.Tokens[id] is { } token ? token : addedById.GetValueOrDefault(id);

    public bool TryGetId(string token, out int id) => vocabulary.Ids.TryGetValue(token, out id) || added.TryGetValue(token, out id);
}
