using System.Net;
using System.Net.Http.Headers;

namespace Beret.Hub;

/// <summary>GET requests that follow redirects, to https only, and show the hub's token to nobody but the hub.</summary>
internal sealed class WebRequests(HttpClient http, HubSettings settings)
{
    private const int MostRedirects = 10;

    /// <summary>Sends the request and gives the answer's headers, the body yet to be read.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="prepare">Called with the request, and again with the one to each address that it is redirected to.</param>
    /// <param name="observe">Called with each answer, redirects included.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HttpRequestException">No connection, or it broke.</exception>
    /// <exception cref="HubException">It is redirected to where nothing is fetched from, or without end.</exception>
    public async Task<HttpResponseMessage> GetAsync(
        Uri address, Action<HttpRequestMessage>? prepare, Action<HttpResponseMessage>? observe, CancellationToken cancellation)
    {
        Downloader.CheckAddress(address, mayBeLocal: true);
        var current = address;
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, current);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            if (settings.TokenFor(current) is { } token)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            prepare?.Invoke(request);
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            observe?.Invoke(response);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            current = new Uri(current, location);
            Downloader.CheckAddress(current, mayBeLocal: address.IsLoopback);
        }

        throw new HubException($"{address} redirects more than {MostRedirects} times");
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
}
