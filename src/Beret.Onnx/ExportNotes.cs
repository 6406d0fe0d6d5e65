using Beret.Models;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Onnx;

/// <summary>What another program would do otherwise than Beret with the same model.</summary>
internal static class ExportNotes
{
    /// <summary>Of the ONNX model.</summary>
    public static IReadOnlyList<string> Of(ExportedModel exported, OnnxExportOptions options)
    {
        var description = exported.Description;
        var notes = new List<string>();
        if (description.Truncation != Truncation.Head)
        {
            notes.Add(
                $"the model was trained with truncation {description.Truncation.Format()}: of texts longer than {description.MaxLength} tokens "
                + (options.WithTokenizer ? "the graph's tokenizer reads the head" : description.Truncation == Truncation.Windows ? "the caller cuts the windows, of which the graph gives the logits" : "the caller cuts the same tokens away"));
        }

        if (options.WithTokenizer)
        {
            notes.Add("the graph takes one text at a time, and needs onnxruntime-extensions where it runs");
            AddFlavour(notes, description.Flavour, "the operator BertTokenizer");
        }

        return notes;
    }

    /// <summary>Of the pipelines of Hugging Face.</summary>
    public static IEnumerable<string> OfPipelines(ExportedModel exported, bool hasTokenizerJson)
    {
        var (config, description) = (exported.Config, exported.Description);
        var notes = new List<string>();
        AddFlavour(notes, description.Flavour, "a pipeline");
        if (!hasTokenizerJson)
        {
            notes.Add("the tokenizer is ALBERT's SentencePiece, for which there is no tokenizer.json here: transformers in Python reads spiece.model, transformers.js does not");
        }

        if (config.Pooling != Pooling.Pooler && config is not ModernBertConfig)
        {
            notes.Add($"the classifier reads {config.Pooling.Format()} pooling, which transformers in Python has not for {config.Family.ModelType}: onnx/ has it, model.safetensors is for Beret");
        }

        if (config is ElectraConfig { HasPooler: true })
        {
            notes.Add("the classifier reads the pooler of TensorFlow Hub's ELECTRA, which transformers in Python has not: onnx/ has it, model.safetensors is for Beret");
        }

        if (description.Task == TaskNames.Regression)
        {
            notes.Add("a text-classification pipeline of transformers.js puts a softmax on every output: take the logits of a regression instead");
        }

        return notes;
    }

    private static void AddFlavour(List<string> notes, TokenizerFlavour flavour, string who)
    {
        if (flavour != TokenizerFlavour.HuggingFace)
        {
            notes.Add($"{who} tokenizes as Hugging Face does; the model was trained with the tokenization \"{flavour.Format()}\", which differs in rare characters and in very long words");
        }
    }
}
