using Beret.Training;

namespace Beret.Tests.Training;

public class RecipeOptionTests
{
    private static readonly TrainingRecipe Default = new();

    public static TheoryData<string> Names => [.. RecipeOption.All.Select(option => option.Name)];

    [Fact]
    public void NamesAreUnique() => Assert.Equal(RecipeOption.All.Count, RecipeOption.All.Select(option => option.Key).Distinct().Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void AnOptionIsFoundByItsNameAndByItsKey(string name)
    {
        var option = RecipeOption.Find(name);
        Assert.NotNull(option);
        Assert.Same(option, RecipeOption.Find(option.Key));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WhatAnOptionGetsItSets(string name)
    {
        var option = RecipeOption.Find(name)!;
        Assert.Equal(Default, option.Set(Default, option.Get(Default)));

        var changed = option.Set(Default, Other(option));
        Assert.Equal(Other(option), option.Get(changed));
        Assert.Equal(changed, option.Set(changed, option.Get(changed)));
        Assert.Equal(Default, option.Set(changed, option.Get(Default)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AnOptionSetsNothingButItself(string name)
    {
        var changed = RecipeOption.Find(name)!.Set(Default, Other(RecipeOption.Find(name)!));
        var differing = RecipeOption.All.Where(option => option.Get(changed) != option.Get(Default)).Select(option => option.Name);
        Assert.Equal([name], differing);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AValueOutOfRangeIsRefusedByName(string name)
    {
        var option = RecipeOption.Find(name)!;
        string[] wrong = option.JsonType switch
        {
            // Nothing at all is a value of what is not given by default.
            "integer" => ["-1", "1.5", "99999999999", "two", .. option.Get(Default).Length == 0 ? [] : (string[])[""]],
            "number" => ["-0.001", "1e10", "NaN", "Infinity", "0,5", "half"],
            "boolean" => ["", "yes", "1", "True"],
            _ => ["", "none of them", option.Choices[0].ToUpperInvariant()],
        };
        foreach (var value in wrong)
        {
            var message = Assert.Throws<TrainingException>(() => option.Set(Default, value)).Message;
            Assert.Contains($"--{name} is \"{value}\"", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("epochs", "10000", "10001")]
    [InlineData("batch-size", "1", "0")]
    [InlineData("max-length", "3", "2")]
    [InlineData("max-length", "auto", "Auto")]
    [InlineData("window-overlap", "0", "-1")]
    [InlineData("max-windows", "1", "0")]
    [InlineData("warmup", "1", "1.01")]
    [InlineData("validation-split", "0.9", "0.91")]
    [InlineData("hidden-dropout", "0.99", "1")]
    public void ABoundIsAllowedAndWhatIsBeyondItIsNot(string name, string bound, string beyond)
    {
        var option = RecipeOption.Find(name)!;
        Assert.Equal(bound, option.Get(option.Set(Default, bound)));
        Assert.Throws<TrainingException>(() => option.Set(Default, beyond));
    }

    [Fact]
    public void AnotherNameMeansTheSame()
    {
        Assert.Same(RecipeOption.Find("validate-every"), RecipeOption.Find("evaluate-every"));
        Assert.Equal(7, RecipeFile.Parse("""{"evaluate_every": 7}""", "here").ValidateEvery);
        Assert.Contains("given twice", Assert.Throws<TrainingException>(() => RecipeFile.Parse("""{"evaluate_every": 7, "validate_every": 7}""", "here")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("class-weights", "\"a \\ b\"=2,c=0.5")]
    [InlineData("keep", "f1_macro")]
    public void AnOpenSettingKeepsWhatItIsGiven(string name, string value)
    {
        var option = RecipeOption.Find(name)!;
        var changed = option.Set(Default, value);
        Assert.Equal(value, option.Get(changed));
        Assert.Equal(changed, RecipeFile.Parse(RecipeFile.Commented(changed), "here"));
    }

    /// <summary>A value that is not the default.</summary>
    internal static string Other(RecipeOption option) => option.JsonType switch
    {
        "integer" => option.Get(Default) is { Length: > 0 } number ? $"{int.Parse(number) + 1}" : "1",
        "number" => "0.0625",
        "boolean" => option.Get(Default) == "true" ? "false" : "true",
        _ => option.Choices.First(choice => choice != option.Get(Default)),
    };
}
