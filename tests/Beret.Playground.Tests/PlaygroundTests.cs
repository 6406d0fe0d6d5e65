using System.Globalization;
using System.Text;
using Beret.Inference;
using Beret.Server.Hosting;
using Beret.Tests.Checkpoints;
using Beret.Tests.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Beret.Playground.Tests;

/// <summary>The playground as a person uses it. Whatever is done, the browser has nothing to complain of and the page asks nobody but its server (<see cref="Chromium.Visit"/>).</summary>
public sealed class PlaygroundTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Theory]
    [InlineData(View.Light)]
    [InlineData(View.Dark)]
    [InlineData(View.Phone)]
    public Task ATextIsTypedAndClassified(View view) => chromium.Visit(
        async page =>
        {
            await page.Text.PressSequentiallyAsync("this is such an amazing movie! the \"zebra\"");
            await page.Classify.ClickAsync();
            await Shows(page, chromium.Server.Predict("tiny", "this is such an amazing movie! the \"zebra\""));
        },
        view);

    [Fact]
    public Task APairIsClassifiedByTheModelThatIsChosen() => chromium.Visit(async page =>
    {
        await Expect(page.About).ToHaveTextAsync("tiny, version 1 · binary: neg, pos · reads up to 16 tokens");
        await page.Model.SelectOptionAsync("colours");
        await Expect(page.About).ToHaveTextAsync("colours, version 1 · multi-class: red, green, blue · reads up to 16 tokens");
        await page.Text.FillAsync("a movie");
        await page.PairPart.ClickAsync();
        await page.Pair.FillAsync("the movie was great");
        await page.Classify.ClickAsync();
        await Shows(page, chromium.Server.Predict("colours", "a movie", "the movie was great"));
    });

    [Fact]
    public Task ATextThatIsTooLongSaysHowMuchOfItWasCutOff() => chromium.Visit(async page =>
    {
        var text = string.Join(' ', Enumerable.Repeat("movie", 40));
        await page.Text.FillAsync(text);
        await page.Classify.ClickAsync();
        await Expect(page.Tokens).ToHaveTextAsync("16 tokens read, 26 cut off");
        await Shows(page, chromium.Server.Predict("tiny", text));
    });

    [Fact]
    public Task AllIsDoneWithTheKeyboardAlone() => chromium.Visit(async page =>
    {
        var keys = page.Page.Keyboard;
        await Expect(page.Model).ToBeVisibleAsync();
        await GoTo(page.Model);
        await keys.PressAsync("c");
        await Expect(page.Model).ToHaveValueAsync("colours");
        await GoTo(page.Text);
        await keys.TypeAsync("a movie");
        await keys.PressAsync("Control+Enter");
        await Shows(page, chromium.Server.Predict("colours", "a movie"));
        await GoTo(page.PairPart);
        await keys.PressAsync("Enter");
        await GoTo(page.Pair);
        await keys.TypeAsync("the movie");
        await GoTo(page.Classify);
        await keys.PressAsync("Enter");
        await Shows(page, chromium.Server.Predict("colours", "a movie", "the movie"));
        await GoTo(page.File);
        await GoTo(page.Language("curl"));
        await keys.PressAsync("ArrowRight");
        await Expect(page.Language("C#")).ToBeCheckedAsync();
        await GoTo(page.Call);
        await GoTo(page.Copy);
        await keys.PressAsync("Space");
        await Expect(page.Copied).ToHaveTextAsync("Copied");

        async Task GoTo(ILocator part)
        {
            for (var presses = 0; presses < 20; presses++)
            {
                await keys.PressAsync("Tab");
                if (await part.EvaluateAsync<bool>("part => part === document.activeElement"))
                {
                    Assert.NotEqual("none", await part.EvaluateAsync<string>("part => getComputedStyle(part).outlineStyle"));
                    return;
                }
            }

            Assert.Fail($"{part} is not reached with the Tab key");
        }
    });

    [Theory]
    [InlineData("texts.csv", "id,text\n1,\"good, \"\"very\"\" good\"\n2,awful\n3,\"two\nlines\"\n", "good, \"very\" good", "awful", "two\nlines")]
    [InlineData("texts.txt", "a movie\r\n\r\nthe movie, was great!", "a movie", "the movie, was great!")]
    public Task AFileIsClassifiedAndTheResultDownloaded(string name, string content, params string[] texts) => chromium.Visit(async page =>
    {
        await Expect(page.ClassifyFile).ToBeDisabledAsync();
        await page.File.SetInputFilesAsync(new FilePayload { Name = name, MimeType = "text/plain", Buffer = Encoding.UTF8.GetBytes(content) });
        await page.ClassifyFile.ClickAsync();
        await Expect(page.FileState).ToHaveTextAsync($"{texts.Length} texts classified.");
        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Download.ClickAsync());
        Assert.Equal("texts-tiny.csv", download.SuggestedFilename);
        var expected = texts.Select(text => (Text: text, Prediction: chromium.Server.Predict("tiny", text))).Select(one => string.Create(
            CultureInfo.InvariantCulture,
            $"{Cell(one.Text)},{one.Prediction.Label},{one.Prediction.Tokens},{one.Prediction.TokensCut},{one.Prediction.Probabilities[0]},{one.Prediction.Probabilities[1]}\n"));
        Assert.Equal("text,answer,tokens,tokens_cut,p(neg),p(pos)\n" + string.Concat(expected), await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken));

        static string Cell(string text) => text.AsSpan().ContainsAny("\",\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    });

    [Fact]
    public Task AFileWithoutATextIsRefusedWithItsReason() => chromium.Visit(async page =>
    {
        await page.File.SetInputFilesAsync(new FilePayload { Name = "empty.txt", MimeType = "text/plain", Buffer = [] });
        await page.ClassifyFile.ClickAsync();
        await Expect(page.FileState).ToHaveTextAsync("There is no text in the file.");
        await Expect(page.Download).ToBeHiddenAsync();
    });

    [Theory]
    [InlineData("curl")]
    [InlineData("C#")]
    [InlineData("Python")]
    public Task TheCallThatIsCopiedGivesTheSameAnswer(string language) => chromium.Visit(async page =>
    {
        const string Text = "it's \"such\" a movie! \\ $HOME `a` <b>great</b>\nthe é \u2028 {0}";
        await page.Text.FillAsync(Text);
        await page.Language(language).CheckAsync();
        await page.Copy.ClickAsync();
        await Expect(page.Copied).ToHaveTextAsync("Copied");
        var call = await page.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");
        Assert.Equal(await page.Call.TextContentAsync(), call);

        var answer = await CopiedCall.RunAsync(language, call);
        var result = answer["results"]![0]!;
        var expected = chromium.Server.Predict("tiny", Text);
        Assert.Equal((expected.Label, expected.Tokens), ((string)result["label"]!, (int)result["tokens"]!));
        Assert.Equal(expected.Logits[0], (float)result["logits"]![0]!);
    });

    [Fact]
    public async Task WithKeysThePageAsksForOne()
    {
        chromium.Need();
        var (key, line) = BeretServer.CreateApiKey("shop");
        using var folder = new TemporaryFolder();
        var keys = folder.Write("keys.txt", line);
        await using var closed = await RunningServer.StartAsync(settings => settings with { ApiKeys = keys });
        await chromium.Visit(
            async page =>
            {
                await Expect(page.Problem).ToContainTextAsync("this server needs an API key");
                await Expect(page.Key).ToBeVisibleAsync();
                Assert.All(page.TakeComplaints(), complaint => Assert.Contains("401", complaint, StringComparison.Ordinal));
                await page.Key.FillAsync(key);
                await page.Text.FillAsync("a movie");
                await page.Classify.ClickAsync();
                await Shows(page, closed.Predict("tiny", "a movie"));
                await Expect(page.Problem).ToBeHiddenAsync();
                Assert.DoesNotContain(key, await page.Call.TextContentAsync(), StringComparison.Ordinal);
            },
            at: closed);
    }

    [Theory]
    [InlineData(View.Light)]
    [InlineData(View.Dark)]
    [InlineData(View.Phone)]
    public Task NothingIsInAnybodysWay(View view) => chromium.Visit(
        async page =>
        {
            await Expect(page.About).ToContainTextAsync("version");
            await page.LooksGoodAsync("1-opened");

            await page.Text.FillAsync("this is such an amazing movie! It is \"great\"");
            await page.Classify.ClickAsync();
            await Expect(page.Result).ToBeVisibleAsync();
            await page.LooksGoodAsync("2-result");

            await page.PairPart.ClickAsync();
            await page.KeyPart.ClickAsync();
            await page.Pair.FillAsync("the movie was terrible");
            await page.Model.SelectOptionAsync("colours");
            await page.Text.FocusAsync();
            await page.Page.Keyboard.PressAsync("Control+Enter");
            await Expect(page.Probabilities).ToContainTextAsync("green");
            await page.LooksGoodAsync("3-pair");

            await page.File.SetInputFilesAsync(new FilePayload { Name = "texts.txt", MimeType = "text/plain", Buffer = Encoding.UTF8.GetBytes("a movie\nthe movie") });
            await page.ClassifyFile.ClickAsync();
            await Expect(page.Download).ToBeVisibleAsync();
            await page.Language("Python").CheckAsync();
            await page.Copy.ClickAsync();
            await Expect(page.Copied).ToHaveTextAsync("Copied");
            await page.LooksGoodAsync("4-file");

            await page.Text.FillAsync(new string('a', 100_001));
            await page.Classify.ClickAsync();
            await Expect(page.Problem).ToBeVisibleAsync();
            Assert.All(page.TakeComplaints(), complaint => Assert.Contains("413", complaint, StringComparison.Ordinal));
            await page.Text.FillAsync("a");
            await page.LooksGoodAsync("5-problem");
        },
        view,
        isOpenToScripts: true);

    /// <summary>Asserts that the page shows what the library says.</summary>
    private static async Task Shows(PlaygroundPage page, Prediction expected)
    {
        await Expect(page.Tokens).ToHaveTextAsync($"{expected.Tokens} tokens read, {(expected.TokensCut == 0 ? "none" : $"{expected.TokensCut}")} cut off");
        await Expect(page.Answer).ToHaveTextAsync(expected.Label);
        var rows = await page.RowsAsync();
        Assert.Equal(expected.Probabilities.OrderDescending().Select(p => string.Create(CultureInfo.InvariantCulture, $"{100 * p:F2} %")), rows.Select(row => row.Share));
        Assert.Equal(expected.Label, rows.MaxBy(row => decimal.Parse(row.Share[..^2], CultureInfo.InvariantCulture)).Label);
    }
}
