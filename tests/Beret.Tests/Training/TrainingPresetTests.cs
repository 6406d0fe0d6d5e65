using Beret.Training;

namespace Beret.Tests.Training;

public sealed class TrainingPresetTests
{
    [Fact]
    public void The_tutorials_is_what_holds_without_one() => Assert.Equal(new TrainingRecipe(), TrainingPreset.Find("tutorial").Apply(new TrainingRecipe()));

    [Fact]
    public void What_a_preset_says_nothing_of_stays()
    {
        foreach (var preset in TrainingPreset.All.Where(preset => preset.Name != "tutorial"))
        {
            var recipe = preset.Apply(new TrainingRecipe { Seed = 7, Threads = 3, ClassWeights = ClassWeights.Balanced });
            Assert.Equal((7, 3, ClassWeights.Balanced), (recipe.Seed, recipe.Threads, recipe.ClassWeights));
            Assert.NotEqual(new TrainingRecipe().MaxLength * new TrainingRecipe().Epochs, recipe.MaxLength * recipe.Epochs);
        }
    }

    [Fact]
    public void Every_preset_is_a_recipe_that_a_file_can_hold()
    {
        foreach (var preset in TrainingPreset.All)
        {
            var recipe = preset.Apply(new TrainingRecipe());
            Assert.Equal(recipe, RecipeFile.Parse(RecipeFile.Commented(recipe), preset.Name));
        }
    }

    [Fact]
    public void One_that_is_not_there_is_refused() =>
        Assert.Equal("there is no preset \"slow\"; there are tutorial, fast, best", Assert.Throws<TrainingException>(() => TrainingPreset.Find("slow")).Message);
}
