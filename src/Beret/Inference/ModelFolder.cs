using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The model folder: what training writes and everything else reads, in the Hugging Face layout with beret.json beside it.</summary>
internal static class ModelFolder
{
    /// <summary>What an interrupted training run goes on with; lies in the folder that will hold its model.</summary>
    public const string ResumeFile = "resume.safetensors";

    /// <summary>What a training run is: there from its first moment on.</summary>
    public const string RunFile = "run.json";

    public const string Weights = CheckpointLocator.SingleFile;

    // What an earlier model in the same place may have left and a reader would take for this one's.
    private static readonly string[] Replaced =
        [
            "vocab.txt", "spiece.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", CheckpointLocator.IndexFile,
        ];

    /// <summary>Whether a file is one that a reader would take for a part of a model, and that therefore goes where another model takes the place.</summary>
    public static bool IsOfModel(string name) => Replaced.Contains(name) || name == ModelDescription.FileName;

    /// <summary>
    /// Writes a model folder, all of it or nothing. Files of an earlier folder that are no part of a model (logs, reports) stay.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="model">Its weights are written under the names of BertForSequenceClassification, straight from the backend's memory.</param>
    /// <param name="tokenizer">Writes its own files.</param>
    /// <param name="description">Its checksums are filled in here.</param>
    /// <param name="more">Receives the temporary folder, for files that belong to the same moment: metrics, report, state of the optimizer.</param>
    /// <param name="drop">Given the name of an entry of the earlier folder that this one lacks: whether it is to go.</param>
    /// <param name="storage">How the weights are kept: all in fp32 or in bf16, or as bytes where they may be quantized.</param>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public static void Write(
        string path, SequenceClassifier model, Tokenizer tokenizer, ModelDescription description, Action<string>? more = null, Func<string, bool>? drop = null,
        Precision storage = Precision.Float32)
    {
        Check(description, model, path);
        AtomicFolder.Write(path, Fill, name => Replaced.Contains(name) || (drop?.Invoke(name) ?? false));

        void Fill(string folder)
        {
            tokenizer.Save(folder);
            using (var config = File.Create(Path.Combine(folder, HuggingFaceConfig.FileName)))
            {
                HuggingFaceConfig.Write(config, model.Config, description);
            }

            WriteWeights(Path.Combine(folder, Weights), model.Parameters, model.OwnParameters.Select(parameter => (parameter.Name, parameter)), storage);
            var sums = Directory.EnumerateFiles(folder).ToDictionary(file => Path.GetFileName(file), Sum, StringComparer.Ordinal);
            using (var file = File.Create(Path.Combine(folder, ModelDescription.FileName)))
            {
                (description with { Checksums = sums, Version = ModelDescription.ThisVersion }).Write(file);
            }

            more?.Invoke(folder);
        }
    }

    /// <summary>
    /// Loads a classifier of any format; without a beret.json, what the format tells decides, and the tokenization is that of the model's source.
    /// </summary>
    /// <param name="path">As <see cref="ModelFiles.Open"/> takes it.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <exception cref="BeretException">Something is missing, damaged, or not supported.</exception>
    public static OpenedModel Load(string path, IBackend backend)
    {
        // The checksums of the weights take as long as all the rest; they are computed, and the tokenizer made, beside it.
        var files = ModelFiles.OpenAhead(path);
        var tokenizing = Task.Run(files.LoadTokenizer);
        SequenceClassifier? model = null;
        try
        {
            using (var weights = files.OpenWeights())
            {
                model = ModelLoader.Load(files.Config, weights, backend).Model;
            }

            var tokenizer = tokenizing.GetAwaiter().GetResult();
            var known = files.Describe(model.Outputs, tokenizer);
            Check(known, model, path);
            files.Verification.GetAwaiter().GetResult();
            return new OpenedModel(model, tokenizer, known, IsPlain: files.Written is null);
        }
        catch
        {
            model?.Dispose();
            files.Verification.GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>Holds every file to the checksum that was noted when the folder was written.</summary>
    public static void Verify(string folder, ModelDescription description)
    {
        if (!description.Checksums.ContainsKey(Weights))
        {
            throw new InferenceException($"{Path.Combine(folder, ModelDescription.FileName)}: sha256 has no entry for {Weights}");
        }

        foreach (var (name, expected) in description.Checksums)
        {
            var file = Path.Combine(folder, name);
            if (!File.Exists(file))
            {
                throw new InferenceException($"{file} is missing; {ModelDescription.FileName} names it as a part of the model");
            }

            if (Sum(file) != expected)
            {
                throw new InferenceException(
                    $"{file} is not the file that the folder was written with (its SHA-256 differs from the one in {ModelDescription.FileName}): it is damaged or was changed. "
                    + $"Copy the folder anew; or, if the change is meant, delete {ModelDescription.FileName} and the folder is read as a plain Hugging Face one.");
            }
        }
    }

    private static void Check(ModelDescription description, SequenceClassifier model, string folder)
    {
        if (description.Outputs != model.Outputs)
        {
            throw new InferenceException(
                $"{folder}: the {description.Task} task with {description.Labels.Count} labels needs {description.Outputs} logits, but the classifier has {model.Outputs}");
        }

        if (description.MaxLength > model.Config.MaxPositions)
        {
            throw new InferenceException($"{folder}: the maximum length is {description.MaxLength} tokens, but the model has only {model.Config.MaxPositions} positions");
        }
    }

    /// <summary>Writes the weights under their names, straight from the backend's memory.</summary>
    public static void WriteWeights(string path, ParameterSet set, Precision storage = Precision.Float32) =>
        WriteWeights(path, set, set.All.Select(parameter => (parameter.Name, parameter)), storage);

    /// <summary>Writes some of the weights, under any names.</summary>
    public static void WriteWeights(string path, ParameterSet set, IEnumerable<(string Name, Parameter Parameter)> weights, Precision storage = Precision.Float32)
    {
        // By pieces through one buffer: a large table needs no second copy in memory.
        var buffer = new float[Math.Max(1 << 18, set.All.Max(parameter => parameter.Columns))];
        var writer = new SafetensorsWriter();
        foreach (var (name, parameter) in weights)
        {
            if (storage == Precision.Int8 && parameter.MayBeQuantized)
            {
                QuantizedWeights.Add(writer, set.Backend, parameter);
                continue;
            }

            var isHalf = storage == Precision.BFloat16;
            writer.Add(
                name, isHalf ? TensorType.BF16 : TensorType.F32, [.. parameter.Shape.Select(size => (long)size)],
                stream => WriteValues(stream, set.Backend, parameter, buffer, isHalf));
        }

        writer.Write(path);
    }

    private static void WriteValues(Stream stream, IBackend backend, Parameter parameter, float[] buffer, bool isHalf)
    {
        var rows = buffer.Length / parameter.Columns;
        for (var row = 0; row < parameter.Rows; row += rows)
        {
            var count = Math.Min(rows, parameter.Rows - row);
            var part = buffer.AsSpan(0, count * parameter.Columns);
            backend.Read(parameter.Value.RowRange(row, count), part);
            if (!isHalf)
            {
                stream.Write(MemoryMarshal.AsBytes(part));
                continue;
            }

            // The halves take the place of the first of the floats that they were.
            var halves = MemoryMarshal.Cast<float, ushort>(part)[..part.Length];
            HalfWidth.Narrow(part, halves);
            stream.Write(MemoryMarshal.AsBytes(halves));
        }
    }

    private static string Sum(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 18];
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException($"{file} cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>A model folder that was loaded.</summary>
/// <param name="Model">The caller's to dispose.</param>
/// <param name="Tokenizer">With the flavour that the model was trained with.</param>
/// <param name="Description">From beret.json, or from config.json where there is none.</param>
/// <param name="IsPlain">Whether the folder has no beret.json.</param>
internal sealed record OpenedModel(SequenceClassifier Model, Tokenizer Tokenizer, ModelDescription Description, bool IsPlain);
