using System.Net;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Hosting;

/// <summary>
/// The names that the server answers to. A browser sends the name that a page came from, and a page's owner can make that name point at this machine (DNS rebinding): then the browser lets the
/// page ask a server that only this machine reaches. Such a name is not among these. An address cannot be made to point elsewhere, and nor can localhost.
/// </summary>
internal sealed class AllowedHosts
{
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool isLoopback;

    /// <param name="names">The names beside those of the machine itself.</param>
    /// <param name="isLoopback">Whether only this machine reaches the server.</param>
    /// <exception cref="ServingException">A name is none.</exception>
    public AllowedHosts(IReadOnlyList<string> names, bool isLoopback)
    {
        this.isLoopback = isLoopback;
        foreach (var name in names)
        {
            this.names.Add(Uri.CheckHostName(name) != UriHostNameType.Unknown && name.All(char.IsAscii)
                ? WithoutBrackets(name)
                : throw ServingException.Invalid($"'{name}' is not the name of a host that requests can be for: a name such as beret.example, or an address, without a port"));
        }
    }

    /// <summary>Whether a request for this host is answered.</summary>
    public bool Allow(HostString host) => (names.Count == 0 && !isLoopback) || IsThisMachine(host.Host) || names.Contains(WithoutBrackets(host.Host));

    /// <summary>Whether it is answered where it asks for no more than health. What watches over a server that others reach asks by whatever address it has.</summary>
    public bool AllowProbe(HostString host) => !isLoopback || Allow(host);

    /// <summary>Why a request is not answered, and what to do about it.</summary>
    public static ServingException Refusal(HostString host) => new(
        ServingError.Misdirected,
        host.HasValue
            ? $"this server does not answer as '{host.Host}': ask it as localhost, or start it with --allow-host {host.Host} where that is its name"
            : "the request does not say whom it is for: it needs the header Host, such as localhost");

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string WithoutBrackets(string host) => host.Trim('[', ']');
}
