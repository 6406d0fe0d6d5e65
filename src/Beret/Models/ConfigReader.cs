using System.Text.Json;

namespace Beret.Models;

/// <summary>Reads an encoder's config.json in the Hugging Face layout.</summary>
internal static class ConfigReader
{
    private const long LongestFile = 16 << 20;

    /// <exception cref="ModelException">The file is missing, is not JSON, lacks a size, or asks for something that is not supported.</exception>
    public static EncoderConfig Read(string path)
    {
        using var document = Parse(path);
        try
        {
            return Read(new ConfigFields(document.RootElement, path));
        }
        catch (InvalidOperationException error)
        {
            // Text that is no Unicode, when it is looked at.
            throw new ModelException($"{path} is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>Reads a configuration file of any layout.</summary>
    /// <exception cref="ModelException">The file is missing, too large, or is not JSON.</exception>
    public static JsonDocument Parse(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"{path} does not exist; a model folder holds config.json beside its weights");
        }

        try
        {
            return new FileInfo(path).Length <= LongestFile
                ? JsonDocument.Parse(File.ReadAllBytes(path))
                : throw new ModelException($"{path} is larger than {LongestFile >> 20} MiB, so it is no model configuration");
        }
        catch (JsonException error)
        {
            throw new ModelException($"{path} is not valid JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads the keys of a config.json wherever they come from.</summary>
    /// <exception cref="ModelException">A size is missing, or something is asked for that is not supported.</exception>
    public static EncoderConfig Read(ConfigFields fields)
    {
        var type = fields.Text("model_type") ?? "bert";
        var family = EncoderFamily.Find(type) ?? throw fields.Error(
            $"model_type is \"{type}\"; the supported architectures are {string.Join(", ", EncoderFamily.All.Select(known => known.ModelType))}");
        fields.Refuse("is_decoder", "a decoder's causal attention");
        fields.Refuse("add_cross_attention", "cross-attention");
        return family.Read(fields) with
        {
            Pooling = PoolingNames.Read(fields),
            InitializerRange = fields.Rate("initializer_range") ?? 0.02,
            Labels = fields.Labels(),
            ProblemType = fields.Text("problem_type"),
            TiesDecoder = fields.Flag("tie_word_embeddings", otherwise: true),
        };
    }
}
