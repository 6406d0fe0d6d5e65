using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;
using Beret.Training;

namespace Beret.Tests.Training;

public class RecipeFileTests
{
    private static readonly TrainingRecipe Default = new();

    /// <summary>No setting is at its default.</summary>
    private static readonly TrainingRecipe Changed = RecipeOption.All.Aggregate(Default, (recipe, option) => option.Set(recipe, RecipeOptionTests.Other(option)));

    [Fact]
    public void TheCommentedRecipeIsReadAsItself()
    {
        Assert.Equal(Default, RecipeFile.Parse(RecipeFile.Commented(Default), "here"));
        Assert.Equal(Changed, RecipeFile.Parse(RecipeFile.Commented(Changed), "here"));
        Assert.Equal(Default, RecipeFile.Parse(RecipeFile.Commented(Default), "here", start: Changed));
    }

    [Fact]
    public void AFileIsReadAsItsText()
    {
        using var temporary = new TemporaryFolder();
        var path = Path.Combine(temporary.Path, "recipe.json");
        File.WriteAllText(path, RecipeFile.Commented(Changed));
        Assert.Equal(Changed, RecipeFile.Read(path));
    }

    [Fact]
    public void CommentsAndTrailingCommasAreAllowed()
    {
        const string text = """
            {
              // fewer
              "epochs": 3, /* and */ "learning_rate": 5e-5,
              "truncation": "head+tail",
            }
            """;
        Assert.Equal((3, 5e-5), (RecipeFile.Parse(text, "here").Epochs, RecipeFile.Parse(text, "here").LearningRate));
    }

    [Fact]
    public void WhatIsLeftOutStaysAsItWas()
    {
        Assert.Equal(Default, RecipeFile.Parse("{}", "here"));
        Assert.Equal(Changed with { Epochs = 9 }, RecipeFile.Parse("""{"epochs": 9}""", "here", Changed));
    }

    [Fact]
    public void AnEditorsSchemaIsNoSetting() => Assert.Equal(Default, RecipeFile.Parse("""{"$schema": "recipe.schema.json"}""", "here"));

    [Fact]
    public void NullTakesBackWhatIsOptional() =>
        Assert.Null(RecipeFile.Parse("""{"hidden_dropout": null}""", "here", Default with { HiddenDropout = 0.5 }).HiddenDropout);

    [Fact]
    public void AWordMayStandForANumberWhereTheSchemaHasItToo()
    {
        Assert.Equal(TrainingRecipe.AutoLength, RecipeFile.Parse("""{"max_length": "auto"}""", "here").MaxLength);
        var left = Default with { MaxLength = TrainingRecipe.AutoLength };
        Assert.Equal(left, RecipeFile.Parse(RecipeFile.Commented(left), "here"));
        Assert.Contains("whole number from 3 to 1048576, or auto", Assert.Throws<TrainingException>(() => RecipeFile.Parse("""{"max_length": "long"}""", "here")).Message, StringComparison.Ordinal);

        var property = JsonNode.Parse(RecipeFile.Schema())!["properties"]!["max_length"]!;
        Assert.Equal("""["integer","string"]""", property["type"]!.ToJsonString());
        Assert.Equal("^auto$", (string?)property["pattern"]);
    }

    [Fact]
    public void AnOverlapIsANumberOrNull()
    {
        Assert.Equal(40, RecipeFile.Parse("""{"window_overlap": 40}""", "here").WindowOverlap);
        Assert.Null(RecipeFile.Parse("""{"window_overlap": null}""", "here", Default with { WindowOverlap = 40 }).WindowOverlap);
    }

    [Theory]
    [InlineData("""{"learning_rat": 1e-5}""", "\"learning_rat\"; did you mean \"learning_rate\"?")]
    [InlineData("""{"batchsize": 8}""", "did you mean \"batch_size\"?")]
    [InlineData("""{"learning-rate": 1e-5}""", "did you mean \"learning_rate\"?")]
    [InlineData("""{"epochs": 1, "epochs": 2}""", "epochs is given twice")]
    [InlineData("""{"epochs": "3"}""", "epochs is \"3\", not a whole number")]
    [InlineData("""{"epochs": null}""", "epochs is null, not a whole number")]
    [InlineData("""{"dropout": true}""", "dropout is true, not a number")]
    [InlineData("""{"dropout": [0.1]}""", "dropout is [0.1], not a number")]
    [InlineData("""{"keep": 1}""", "keep is 1, not best-accuracy")]
    [InlineData("""{"epochs": }""", "is not valid JSON")]
    [InlineData("", "is not valid JSON")]
    [InlineData("[1]", "holds no JSON object")]
    [InlineData("""{"keep": "\ud800"}""", "is no Unicode text")]
    [InlineData("""{"\ud800": 1}""", "is no Unicode text")]
    public void WhatIsWrongIsNamedWithItsPlace(string text, string message)
    {
        var error = Assert.Throws<TrainingException>(() => RecipeFile.Parse(text, "my.json"));
        Assert.StartsWith("my.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"epochs": -1}""", "my.json: epochs is -1, not a whole number from 0 to 10000")]
    [InlineData("""{"epochs": 2.5}""", "my.json: epochs is 2.5, not a whole number")]
    [InlineData("""{"learning_rate": 1e400}""", "my.json: learning_rate is 1e400, not a number from 0 to 1")]
    [InlineData("""{"keep": "worst"}""", "my.json: keep is \"worst\", not ")]
    public void AValueOutOfRangeIsRefused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<TrainingException>(() => RecipeFile.Parse(text, "my.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void TheSchemaKnowsTheRanges()
    {
        var epochs = JsonNode.Parse(RecipeFile.Schema())!["properties"]!["epochs"]!;
        Assert.Equal((0, 10_000), ((int)epochs["minimum"]!, (int)epochs["maximum"]!));
        Assert.Throws<TrainingException>(() => RecipeFile.Parse("""{"epochs": 10001}""", "my.json"));
    }

    [Fact]
    public void AFileThatIsNotThereOrIsTooLargeIsRefused()
    {
        using var temporary = new TemporaryFolder();
        var path = Path.Combine(temporary.Path, "recipe.json");
        Assert.Contains(path, Assert.Throws<TrainingException>(() => RecipeFile.Read(path)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, $"{{}}{new string(' ', 1 << 20)}");
        Assert.Contains("mebibyte", Assert.Throws<TrainingException>(() => RecipeFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSchemaDescribesEverySettingWithItsDefault()
    {
        var properties = JsonNode.Parse(RecipeFile.Schema())!["properties"]!.AsObject();
        Assert.Equal(["$schema", .. RecipeOption.All.Select(option => option.Key)], properties.Select(property => property.Key));
        var defaults = new JsonObject(properties.Skip(1).Select(property => KeyValuePair.Create(property.Key, property.Value!["default"]?.DeepClone())));
        Assert.Equal(Default, RecipeFile.Parse(defaults.ToJsonString(), "the schema", Changed));
    }

    [Fact]
    public void TheSchemaInTheDocumentationIsTheOneThatIsPrinted() =>
        Assert.Equal(RecipeFile.Schema(), File.ReadAllText(Repository.Path("docs", "recipe.schema.json")));
}
