using Beret.Tests.Server;
using Microsoft.Playwright;

namespace Beret.Playground.Tests;

/// <summary>Debian's Chromium and a server with tiny models, for all tests of a class. Without Chromium every test that opens a page is skipped.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Executable = "/usr/bin/chromium";

    /// <summary>It looks for nothing by itself: there may be no network, and no request but the page's is to be seen.</summary>
    private static readonly string[] Arguments =
        ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private IPlaywright? playwright;
    private IBrowser? browser;
    private RunningServer? server;

    /// <summary>The server that pages are opened at where a test has none of its own.</summary>
    internal RunningServer Server => server!;

    public async ValueTask InitializeAsync()
    {
        if (File.Exists(Executable))
        {
            server = await RunningServer.StartAsync();
            playwright = await Microsoft.Playwright.Playwright.CreateAsync();
            browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = Arguments });
            Assertions.SetDefaultExpectTimeout(30_000);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Skips the calling test where there is no Chromium.</summary>
    public void Need() => Assert.SkipWhen(browser is null, $"there is no {Executable} (Debian's package chromium)");

    /// <summary>Opens the page, does something with it, and looks whether the browser complained meanwhile or the page asked anybody but its server.</summary>
    /// <param name="visit">What is done.</param>
    /// <param name="view">How the page is looked at.</param>
    /// <param name="at">The server; null for <see cref="Server"/>.</param>
    /// <param name="isOpenToScripts">Whether the test may put scripts into the page, which the page's own policy forbids.</param>
    internal async Task Visit(Func<PlaygroundPage, Task> visit, View view = View.Light, RunningServer? at = null, bool isOpenToScripts = false)
    {
        Need();
        var options = view.Options();
        options.BypassCSP = isOpenToScripts;
        options.Permissions = ["clipboard-read", "clipboard-write"];
        await using var context = await browser!.NewContextAsync(options);
        var address = (at ?? Server).Server.Address;
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => Note(message.Type == "error", message.Text);
        page.PageError += (_, error) => Note(true, error);
        context.Request += (_, request) => Note(!IsOwn(new Uri(request.Url)), $"a request to {request.Url}");
        await page.GotoAsync(address.AbsoluteUri);
        var playground = new PlaygroundPage(page, view, complaints);
        await visit(playground);
        lock (complaints)
        {
            Assert.Empty(complaints);
        }

        bool IsOwn(Uri url) => url.Scheme is "data" or "blob" || (url.Scheme == address.Scheme && url.Authority == address.Authority);

        void Note(bool isBad, string complaint)
        {
            if (isBad)
            {
                lock (complaints)
                {
                    complaints.Add(complaint);
                }
            }
        }
    }
}
