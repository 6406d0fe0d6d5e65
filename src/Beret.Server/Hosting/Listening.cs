using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Beret.Server.Hosting;

/// <summary>Where the server listens, and how.</summary>
internal static class Listening
{
    /// <summary>What a host is, as an address; null for every address of the machine.</summary>
    /// <exception cref="ServingException">It is none.</exception>
    public static IPAddress? AddressOf(string host) => host switch
    {
        "*" => null,
        "localhost" => IPAddress.Loopback,
        _ => IPAddress.TryParse(host, out var address)
            ? address
            : throw ServingException.Invalid($"'{host}' is not an address to listen on: an IP address, localhost, or * for all addresses of this machine"),
    };

    /// <summary>Whether only this machine reaches a host.</summary>
    public static bool IsLoopback(string host) => AddressOf(host) is { } address && IPAddress.IsLoopback(address);

    public static void Configure(KestrelServerOptions kestrel, ServerSettings settings, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = settings.MostBytes;
        kestrel.Limits.MaxConcurrentConnections = settings.MostConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        Listen(kestrel, settings, settings.Port, HttpProtocols.Http1AndHttp2, certificate);
        if (settings.GrpcPort is { } port)
        {
            // Without TLS there is nothing that would agree on HTTP/2, so that it needs a port of its own.
            Listen(kestrel, settings, port, HttpProtocols.Http2, certificate);
        }
    }

    /// <summary>Reads the certificate and its key.</summary>
    /// <exception cref="ServingException">There is no such file, or it holds something else.</exception>
    public static X509Certificate2? Certificate(ServerSettings settings)
    {
        if (settings.TlsCertificate is not { } file)
        {
            return settings.TlsKey is null ? null : throw ServingException.Invalid("there is a TLS key without a certificate");
        }

        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(file, settings.TlsKey);

            // Windows needs a key that is kept outside of memory for the handshake.
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ServingException(ServingError.InvalidArgument, $"the TLS certificate {file}{(settings.TlsKey is { } key ? $" with the key {key}" : "")} cannot be used: {error.Message}", error);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, ServerSettings settings, int port, HttpProtocols protocols, X509Certificate2? certificate)
    {
        if (AddressOf(settings.Host) is { } address)
        {
            kestrel.Listen(address, port, Configure);
        }
        else
        {
            kestrel.ListenAnyIP(port, Configure);
        }

        void Configure(ListenOptions listen)
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }
    }
}
