using System.Text.Json;

namespace Beret.Text.Pipeline;

/// <summary>A tokenizer's files as they were read, to be written again byte for byte.</summary>
internal sealed class CopiedFiles : ITokenizerFiles
{
    private readonly List<(string Name, byte[] Content)> files = [];

    /// <summary>The class that reads the files, for the case that none of them says so.</summary>
    public string Class { get; init; } = "PreTrainedTokenizerFast";

    /// <summary>Keeps those of the files that the folder has.</summary>
    /// <exception cref="TokenizerException">A file cannot be read.</exception>
    public CopiedFiles With(string folder, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            var path = Path.Combine(folder, name);
            try
            {
                if (File.Exists(path))
                {
                    files.Add((name, File.ReadAllBytes(path)));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new TokenizerException($"{path} cannot be read: {e.Message}", e);
            }
        }

        return this;
    }

    public void Write(string folder)
    {
        foreach (var (name, content) in files)
        {
            File.WriteAllBytes(Path.Combine(folder, name), content);
        }

        // Hugging Face looks up there which class reads the other files.
        if (!files.Exists(f => f.Name == TokenizerFolder.ConfigFile))
        {
            Json.Write(Path.Combine(folder, TokenizerFolder.ConfigFile), json =>
            {
                json.WriteStartObject();
                json.WriteString("tokenizer_class", Class);
                json.WriteEndObject();
            });
        }
    }
}
