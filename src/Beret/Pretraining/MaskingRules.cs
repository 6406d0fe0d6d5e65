using Beret.Text;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>How tokens are hidden.</summary>
/// <param name="ClassificationId">What begins a sequence, [CLS].</param>
/// <param name="SeparatorId">What ends it, [SEP].</param>
/// <param name="MaskId">[MASK].</param>
/// <param name="VocabularySize">The tokens that a random one is drawn from.</param>
/// <param name="Threshold">A token is chosen where 32 random bits are below it.</param>
/// <param name="WholeWord">Whether a word's first token decides for all its pieces.</param>
/// <param name="Seed">Of the bits.</param>
internal sealed record MaskingRules(int ClassificationId, int SeparatorId, int MaskId, int VocabularySize, uint Threshold, bool WholeWord, ulong Seed)
{
    /// <summary>Whether all that is chosen becomes [MASK], as ELECTRA's generator has it, and not eight tenths of it.</summary>
    public bool HidesAll { get; init; }

    /// <exception cref="TrainingException">The tokenizer has no [MASK], [CLS] or [SEP].</exception>
    public static MaskingRules For(Tokenizer tokenizer, PretrainingRecipe recipe) => new(
        Required(tokenizer.ClassificationId, "begins a sequence, such as [CLS]"),
        Required(tokenizer.SeparatorId, "ends a sequence, such as [SEP]"),
        Required(tokenizer.MaskId, "hides a token, such as [MASK]"),
        tokenizer.VocabularySize, (uint)(recipe.Mask * (1UL << 32)), recipe.WholeWord, (ulong)recipe.Seed)
    {
        HidesAll = recipe.Objective == PretrainingObjective.ReplacedTokens,
    };

    private static int Required(int? id, string role) =>
        id ?? throw new TrainingException($"the vocabulary has no token that {role}; masked language modelling needs one");
}
