using System.Text.Json;
using Beret.Tests;
using Microsoft.Playwright;

namespace Beret.Playground.Tests;

/// <summary>The open page: its parts, found by what they are called for a person who cannot see them.</summary>
/// <param name="page">The page.</param>
/// <param name="view">How it is looked at.</param>
/// <param name="complaints">What the browser complained of.</param>
internal sealed class PlaygroundPage(IPage page, View view, List<string> complaints)
{
    /// <summary>Names a folder that pictures of the page are left in.</summary>
    private const string PicturesVariable = "BERET_PLAYGROUND_PICTURES";

    private const string ModulesVariable = "BERET_NODE_MODULES";

    private static readonly string AxeFile =
        Path.Combine(Environment.GetEnvironmentVariable(ModulesVariable) is { Length: > 0 } set ? set : Repository.Path("artifacts", "node"), "node_modules", "axe-core", "axe.min.js");

    public IPage Page => page;

    public ILocator About => page.Locator("#about");

    public ILocator Model => page.GetByLabel("Model", Exactly);

    public ILocator Text => page.GetByLabel("Text", Exactly);

    public ILocator PairPart => page.GetByText("Add a second text");

    public ILocator Pair => page.GetByLabel("Second text", Exactly);

    public ILocator KeyPart => page.GetByText("Use an API key");

    public ILocator Key => page.GetByLabel("Key", Exactly);

    public ILocator Classify => Button("Classify");

    public ILocator Problem => page.GetByRole(AriaRole.Alert);

    public ILocator Result => page.GetByRole(AriaRole.Region, new() { Name = "Result" });

    public ILocator Answer => page.Locator("#answer");

    public ILocator Probabilities => page.GetByRole(AriaRole.Table, new() { Name = "Probabilities" });

    public ILocator Tokens => page.Locator("#tokens");

    public ILocator File => page.GetByLabel("File", Exactly);

    public ILocator ClassifyFile => Button("Classify the file");

    public ILocator FileState => page.Locator("#file-state");

    public ILocator Download => page.GetByRole(AriaRole.Link, new() { Name = "Download the result" });

    public ILocator Call => page.Locator("#call");

    public ILocator Copy => Button("Copy");

    public ILocator Copied => page.Locator("#copied");

    private static PageGetByLabelOptions Exactly => new() { Exact = true };

    /// <summary>The choice of a language for the call.</summary>
    public ILocator Language(string name) => page.GetByRole(AriaRole.Radio, new() { Name = name, Exact = true });

    /// <summary>The rows of the table, as they are read: labels with their percentages.</summary>
    public async Task<IReadOnlyList<(string Label, string Share)>> RowsAsync() =>
        [.. (await Probabilities.Locator("tbody tr").AllInnerTextsAsync()).Select(row => row.Split('\t')).Select(cells => (cells[0], cells[1].Trim()))];

    /// <summary>Takes what the browser complained of so far, which is then expected.</summary>
    public IReadOnlyList<string> TakeComplaints()
    {
        lock (complaints)
        {
            string[] taken = [.. complaints];
            complaints.Clear();
            return taken;
        }
    }

    /// <summary>Asserts that axe-core has nothing to say against what the page shows, and that nothing of it lies beside the screen; leaves a picture where these are wanted.</summary>
    /// <param name="state">What the page shows.</param>
    public async Task LooksGoodAsync(string state)
    {
        Assert.SkipUnless(System.IO.File.Exists(AxeFile), $"there is no {AxeFile}: npm install --prefix FOLDER axe-core, where {ModulesVariable} names FOLDER or it is artifacts/node");
        if (Environment.GetEnvironmentVariable(PicturesVariable) is { Length: > 0 } pictures)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(pictures, $"{view}-{state}.png".ToLowerInvariant()), FullPage = true });
        }

        await page.EvaluateAsync(await System.IO.File.ReadAllTextAsync(AxeFile, TestContext.Current.CancellationToken));
        var answer = await page.EvaluateAsync<JsonElement>("() => axe.run(document, { rules: { 'target-size': { enabled: true } } })");
        Assert.NotEmpty(answer.GetProperty("passes").EnumerateArray());
        var violations =
            from violation in answer.GetProperty("violations").EnumerateArray()
            from node in violation.GetProperty("nodes").EnumerateArray()
            select $"{state}: {violation.GetProperty("id")}: {node.GetProperty("html")}: {node.GetProperty("failureSummary")}";
        Assert.True(!violations.Any(), string.Join('\n', violations));
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{state}: the page scrolls sideways");
    }

    private ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
