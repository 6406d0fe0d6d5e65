using Beret.Checkpoints;
using Beret.Hub;
using Beret.Models;
using Beret.Text;

namespace Beret.Inference;

/// <summary>A folder in the Hugging Face layout: config.json, weights, tokenizer, and beret.json where Beret wrote it.</summary>
internal sealed class HuggingFaceFiles : ModelFiles
{
    private static readonly string[] Vocabularies = ["vocab.txt", "tokenizer.json", "spiece.model", "30k-clean.model"];

    public override string Kind => Written is { Version.Length: > 0 } ? $"model folder of beret {Written.Version}" : "Hugging Face model folder";

    public override bool HasTokenizer => Vocabularies.Any(file => File.Exists(System.IO.Path.Combine(Path, file)));

    public override string WeightsPath => Path;

    public static HuggingFaceFiles OpenFolder(string folder, ModelSource? named)
    {
        if (((string[])[ModelFolder.RunFile, ModelFolder.ResumeFile]).Any(name => File.Exists(System.IO.Path.Combine(folder, name))) && !File.Exists(System.IO.Path.Combine(folder, HuggingFaceConfig.FileName)))
        {
            throw new InferenceException($"{folder} holds a training run that has no model yet; go on with it: beret train --output {folder} --resume (or beret pretrain)");
        }

        var written = ModelDescription.Read(folder);
        var verification = written is null ? Task.CompletedTask : Task.Run(() => ModelFolder.Verify(folder, written));
        try
        {
            var config = ConfigReader.Read(System.IO.Path.Combine(folder, HuggingFaceConfig.FileName));
            var source = SourceIn(folder) ?? named ?? ModelSource.HuggingFace;
            return new HuggingFaceFiles { Path = folder, Source = source, Config = source.Adjust(config, written), Written = written, Verification = verification };
        }
        catch
        {
            verification.GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>The system whose tokenization a folder goes with: as beret.json or config.json says, Hugging Face's otherwise.</summary>
    public static TokenizerFlavour FlavourIn(string folder) =>
        (SourceIn(folder) ?? ModelSource.HuggingFace).Flavour(ModelDescription.Read(folder));

    public override Checkpoint OpenWeights() => Checkpoint.Open(Path);

    public override Tokenizer LoadTokenizer() => Tokenizer.Load(Path, Source.Flavour(Written));

    public override ModelDescription Describe(int outputs, Tokenizer tokenizer) => Written ?? HuggingFaceTask.Describe(Path, Config, outputs, tokenizer);

    /// <summary>Whose definition config.json says that it follows; null where it does not say.</summary>
    private static ModelSource? SourceIn(string folder)
    {
        var path = System.IO.Path.Combine(folder, HuggingFaceConfig.FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        using var document = ConfigReader.Parse(path);
        return new ConfigFields(document.RootElement, path).Text(HuggingFaceConfig.SourceKey) == HuggingFaceConfig.TensorFlowSource ? ModelSource.TensorFlow : null;
    }
}
