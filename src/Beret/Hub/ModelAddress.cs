namespace Beret.Hub;

/// <summary>
/// The addresses under which models are known: of TensorFlow Hub, as the tutorial has them, of their successors on Kaggle, and of Hugging Face. The catalogue's keys are
/// what is left of an address without host, version and other circumstances.
/// </summary>
internal static class ModelAddress
{
    private static readonly char[] QueryOrFragment = ['?', '#'];

    /// <summary>The key of a name or an address, in lower case. What is neither stays as it is.</summary>
    public static string KeyOf(string nameOrAddress)
    {
        var parts = PartsOf(nameOrAddress);
        var key = parts switch
        {
            ["tfhub.dev", .. var path] => string.Join('/', WithoutVersion(path)),
            ["kaggle.com", "models", .. var path] => KaggleKey(path),
            ["kaggle.com", "api", "v1", "models", .. var path] => KaggleKey(path),
            ["huggingface.co" or "hf.co", var owner, var name] => $"{owner}/{name}",
            ["huggingface.co" or "hf.co", var owner, var name, "tree" or "blob" or "resolve", ..] => $"{owner}/{name}",

            // The same without a host: TensorFlow Hub's path, and what Kaggle's own program calls a handle.
            ["tensorflow" or "google", _, "tensorflow2", ..] => KaggleKey(parts),
            ["tensorflow" or "google", ..] => string.Join('/', WithoutVersion(parts)),
            _ => null,
        };
        return key ?? nameOrAddress.ToLowerInvariant();
    }

    /// <summary>The <c>owner/name</c> of a Hugging Face address as it is written there; what is no such address stays as it is.</summary>
    public static string RepositoryOf(string nameOrAddress)
    {
        if (PartsOf(nameOrAddress) is not ["huggingface.co" or "hf.co", _, _, ..])
        {
            return nameOrAddress;
        }

        var key = KeyOf(nameOrAddress);
        var at = nameOrAddress.IndexOf(key, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? nameOrAddress : nameOrAddress.Substring(at, key.Length);
    }

    /// <summary>The key of Kaggle's <c>owner/model/variation</c>.</summary>
    public static string KaggleKeyOf(string path) => $"kaggle:{path.Replace('_', '-').ToLowerInvariant()}";

    private static string? KaggleKey(string[] path)
    {
        // Two forms: owner/model/framework/variation/version, and with the words frameworks, variations and versions before the last three.
        string[] parts = [.. path.Where(part => part is not ("frameworks" or "variations" or "versions" or "download"))];
        return WithoutVersion(parts) is [var owner, var model, "tensorflow2", var variation] ? KaggleKeyOf($"{owner}/{model}/{variation}") : null;
    }

    private static string[] WithoutVersion(string[] path) => path.Length > 1 && path[^1].All(char.IsAsciiDigit) ? path[..^1] : path;

    private static string[] PartsOf(string address)
    {
        var text = address.ToLowerInvariant();
        foreach (var prefix in (ReadOnlySpan<string>)["https://", "http://", "www."])
        {
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        }

        var end = text.IndexOfAny(QueryOrFragment);
        return (end < 0 ? text : text[..end]).TrimEnd('/').Split('/');
    }
}
