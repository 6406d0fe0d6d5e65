using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Training.Runs;

/// <summary>What a model is, whatever it is called: SHA-256 over its weights and the files of its tokenizer. The same weights in another file have the same one.</summary>
internal static class ModelFingerprint
{
    private const int PieceBytes = 1 << 20;

    private static readonly string[] TokenizerFiles =
    [
        "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "30k-clean.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json",
    ];

    /// <summary>That of a model.</summary>
    /// <param name="path">Its folder; of a checkpoint by its prefix the weights alone count.</param>
    /// <param name="weights">Its weights.</param>
    /// <exception cref="BeretException">A file cannot be read.</exception>
    public static string Of(string path, Checkpoint weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[PieceBytes];
        foreach (var tensor in weights.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            Text($"{tensor.Name} {tensor.Type} {string.Join(',', tensor.Shape)}");
            for (long start = 0; start < tensor.ByteCount; start += piece.Length)
            {
                var part = piece.AsSpan(0, (int)Math.Min(piece.Length, tensor.ByteCount - start));
                weights.ReadBytes(tensor.Name, start, part);
                hash.AppendData(part);
            }
        }

        try
        {
            foreach (var name in TokenizerFiles.Where(name => File.Exists(Path.Combine(path, name))))
            {
                Text(name);
                hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(path, name))));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"the model {path} cannot be read: {error.Message}", error);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // What ends each text occurs in none.
        void Text(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\0'));
    }
}
