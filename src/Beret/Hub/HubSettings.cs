using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// What the environment says about downloads, under the names that Hugging Face's own programs know, and under Beret's. Proxies are not among it: the HTTP client
/// itself follows <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c> and <c>NO_PROXY</c>.
/// </summary>
internal sealed class HubSettings
{
    /// <summary>A mirror of Hugging Face. Beret's name for it comes first.</summary>
    public static readonly string[] EndpointVariables = ["BERET_HUB_URL", "HF_ENDPOINT"];

    /// <summary>Set to 1: nothing is downloaded.</summary>
    public static readonly string[] OfflineVariables = ["BERET_OFFLINE", "HF_HUB_OFFLINE"];

    /// <summary>The token for private models.</summary>
    public const string TokenVariable = "HF_TOKEN";

    private const string PublicHub = "https://huggingface.co";

    /// <summary>Where repositories are: a mirror, or Hugging Face itself.</summary>
    public Uri Endpoint { get; init; } = new(PublicHub);

    /// <summary>The variable that forbids downloads, where one does.</summary>
    public string? OfflineBy { get; init; }

    /// <summary>The folder where Hugging Face's own programs keep repositories; null where there is none to look into.</summary>
    public string? HuggingFaceCache { get; init; }

    /// <summary>The token, read when it is first needed: most models need none.</summary>
    public Lazy<string?> Token { get; init; } = new((string?)null);

    /// <exception cref="HubException">A variable makes no sense.</exception>
    public static HubSettings FromEnvironment() => From(Environment.GetEnvironmentVariable);

    public static HubSettings From(Func<string, string?> environment)
    {
        var home = HuggingFaceHome(environment);
        return new HubSettings
        {
            Endpoint = FindEndpoint(environment),
            OfflineBy = OfflineVariables.FirstOrDefault(name => environment(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE"),
            HuggingFaceCache = First(environment, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Token = new Lazy<string?>(() => FindToken(environment, home)),
        };
    }

    /// <summary>The token for an address: only the hub itself is given one, never another machine that it redirects to.</summary>
    public string? TokenFor(Uri address) =>
        Uri.Compare(address, Endpoint, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0 ? Token.Value : null;

    private static string HuggingFaceHome(Func<string, string?> environment) =>
        First(environment, "HF_HOME")
        ?? Path.Combine(
            First(environment, "XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");

    private static Uri FindEndpoint(Func<string, string?> environment)
    {
        var variable = EndpointVariables.FirstOrDefault(name => environment(name) is { Length: > 0 });
        var address = variable is null ? PublicHub : environment(variable)!;
        return Uri.TryCreate(address, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "https" or "http"
            ? endpoint
            : throw new HubException($"{variable} is {CheckpointException.Quote(address)}, which is not an address such as {PublicHub}");
    }

    private static string? FindToken(Func<string, string?> environment, string home)
    {
        var file = First(environment, "HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        try
        {
            var (token, from) = First(environment, TokenVariable) is { } set ? (set, TokenVariable) : File.Exists(file) ? (File.ReadAllText(file), file) : ("", "");
            token = token.Trim();
            return token.All(c => c is > ' ' and < '\x7f')
                ? token.Length == 0 ? null : token
                : throw new HubException($"{from} holds no token of Hugging Face: a token has neither spaces nor letters beyond ASCII");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"the token in {file} cannot be read: {error.Message} Set {TokenVariable}, or move that file away.", error);
        }
    }

    private static string? First(Func<string, string?> environment, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (environment(name) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return null;
    }
}
