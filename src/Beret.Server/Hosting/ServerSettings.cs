using Beret.Inference;
using Beret.Server.Servables;

namespace Beret.Server.Hosting;

/// <summary>What a server serves, where, and what it takes.</summary>
public sealed record ServerSettings
{
    /// <summary>The models; the first is asked where a request names none.</summary>
    public required IReadOnlyList<ModelLocation> Models { get; init; }

    /// <summary>How the models are loaded.</summary>
    public ClassifierOptions Classifier { get; init; } = new();

    /// <summary>The address that is listened on: an IP address, localhost, or * for all. Only this machine reaches the default.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>
    /// The names, beside localhost and loopback addresses, that requests may call the server by in their Host header, each without a port. Where there is none, a server that only this machine
    /// reaches answers to no other name, and one that others reach to every name.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The port for HTTP; 0 for any that is free.</summary>
    public int Port { get; init; } = 8501;

    /// <summary>The port for gRPC; 0 for any that is free, null for none.</summary>
    public int? GrpcPort { get; init; }

    /// <summary>The most tokens of a batch, unless a single text has more.</summary>
    public int BatchTokens { get; init; } = 2048;

    /// <summary>The most tokens that a request may have before it; requests beyond are told to come again.</summary>
    public long QueueTokens { get; init; } = 1 << 16;

    /// <summary>The most texts of a request.</summary>
    public int MostTexts { get; init; } = 1024;

    /// <summary>The most characters (UTF-16 units) of a text or pair.</summary>
    public int MostCharacters { get; init; } = 100_000;

    /// <summary>The most bytes of a request's body.</summary>
    public long MostBytes { get; init; } = 4 << 20;

    /// <summary>The most requests that are answered at once; those beyond are told to come again before their bodies are read.</summary>
    public int MostRequests { get; init; } = 1024;

    /// <summary>The most connections at once; those beyond are closed.</summary>
    public int MostConnections { get; init; } = 10_000;

    /// <summary>The most time that an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time between two looks for new versions.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The most time for what was accepted when the server is told to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A file of API keys, of which requests need one; null where anybody may ask.</summary>
    public string? ApiKeys { get; init; }

    /// <summary>The server's certificate (PEM), with those that vouch for it behind it; null for no TLS.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>The certificate's private key (PEM); null where it is in the same file.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Told of what happens, line by line; null for nobody.</summary>
    public TextWriter? Log { get; init; }

    /// <summary>Whether the lines are JSON objects.</summary>
    public bool IsLogJson { get; init; }
}
