using Beret.Text;
using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>The published ALBERT model, and a small one trained with the same options.</summary>
internal static class AlbertFixtures
{
    private static readonly Lazy<byte[]> Content = new(() => File.ReadAllBytes(ModelPath));

    public static string ModelPath => Shared.Path("fixtures", "tokens", "vocabs", "albert", "spiece.model");

    public static byte[] Model() => Content.Value;

    public static byte[] SmallModel() => File.ReadAllBytes(Shared.Path("fixtures", "tf", "preprocess-sentencepiece", "30k-clean.model"));

    public static Tokenizer Tokenizer(TokenizerFlavour flavour, bool lowerCase = true) =>
        Beret.Text.Tokenizer.FromVocabulary(ModelPath, lowerCase, flavour);

    /// <summary>The normalisation of the published model.</summary>
    public static ModelNormalizer Normalizer() => new(SentencePieceModel.Parse(Model(), "spiece.model"));

    public static string Apply(this ModelNormalizer normalizer, string text)
    {
        var output = new MappedText();
        normalizer.Apply(text, output);
        return output.Units.ToString();
    }

    public static string Apply(this ITextFold fold, string text)
    {
        var output = new MappedText();
        fold.Apply(text, output);
        return output.Units.ToString();
    }
}
