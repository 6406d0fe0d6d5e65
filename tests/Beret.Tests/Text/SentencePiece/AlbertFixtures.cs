using Beret.Text;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>The published ALBERT model and what the real programs make of texts with it.</summary>
internal static class AlbertFixtures
{
    public static string ModelPath => Shared.Path("fixtures", "tokens", "vocabs", "albert", "spiece.model");

    public static byte[] Model() => File.ReadAllBytes(ModelPath);

    public static Tokenizer Tokenizer(TokenizerFlavour flavour) => Beret.Text.Tokenizer.FromVocabulary(ModelPath, lowerCase: true, flavour);
}
