using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Operations;

/// <summary>
/// The keys that open the server: a file with a line <c>name hash</c> for each, where the hash is the key's SHA-256 in hexadecimal. A key is 256 random bits, so that no slow hash is
/// needed: there is nothing to guess.
/// </summary>
internal sealed class ApiKeys
{
    private const string Bearer = "Bearer ";
    private const string Header = "X-Api-Key";

    private readonly List<(string Name, byte[] Hash)> keys = [];

    /// <summary>Reads the file.</summary>
    /// <exception cref="ServingException">It cannot be read, holds no key, or something else.</exception>
    public static ApiKeys Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ServingException(ServingError.InvalidArgument, $"the API keys {path} cannot be read: {error.Message}", error);
        }

        var found = new ApiKeys();
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length > 0 && line[0] != '#')
            {
                found.keys.Add(Parse(line) ?? throw ServingException.Invalid(
                    $"{path}, line {i + 1}: a line is a name, a space and the SHA-256 of the key, 64 hexadecimal digits; beret serve --new-key NAME makes one"));
            }
        }

        return found.keys.Count > 0 ? found : throw ServingException.Invalid($"{path} holds no API key; beret serve --new-key NAME makes one");
    }

    /// <summary>Makes a key.</summary>
    /// <returns>The key, which is the client's alone, and the line for the file.</returns>
    public static (string Key, string Line) Create(string name)
    {
        if (name.Length == 0 || name[0] == '#' || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            throw ServingException.Invalid($"'{name}' cannot be a key's name: it has no spaces, and does not begin with #");
        }

        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        return (key, $"{name} {Convert.ToHexStringLower(HashOf(key))}");
    }

    /// <summary>The name of the key that a request has; null where it has none, or one that is not known.</summary>
    public string? Find(HttpContext context)
    {
        var given = context.Request.Headers.Authorization is [{ } authorization] && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : context.Request.Headers[Header] is [{ } header] ? header : null;
        return given is null ? null : Find(given);
    }

    private string? Find(string given)
    {
        var hash = HashOf(given);
        string? name = null;
        foreach (var key in keys)
        {
            // All of them, in constant time: how long it takes says nothing.
            if (CryptographicOperations.FixedTimeEquals(hash, key.Hash))
            {
                name = key.Name;
            }
        }

        return name;
    }

    private static (string, byte[])? Parse(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var name, { Length: 2 * SHA256.HashSizeInBytes } hash] && hash.All(char.IsAsciiHexDigit)
            ? (name, Convert.FromHexString(hash))
            : null;

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
