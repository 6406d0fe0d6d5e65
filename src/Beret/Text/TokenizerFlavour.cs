namespace Beret.Text;

/// <summary>
/// Which system's text preprocessing is reproduced, to the id. It is a property of the checkpoint: the same vocabulary gives other ids under
/// another flavour.
/// </summary>
public enum TokenizerFlavour
{
    /// <summary>TF-Text's BertTokenizer and SentencepieceTokenizer, as in the preprocessing models of TensorFlow Hub ("tf").</summary>
    TensorFlow,

    /// <summary>
    /// BertTokenizerFast and the Python AlbertTokenizer of Hugging Face; what a tokenizer.json says, where there is one ("hf").
    /// </summary>
    HuggingFace,

    /// <summary>
    /// The original Python code: of BERT, FullTokenizer with its limit of 200 characters a word; of ALBERT, FullSentencePieceTokenizer ("google").
    /// </summary>
    Google,

    /// <summary>SentencePiece with nothing before or after it ("raw"); for SentencePiece models only.</summary>
    SentencePiece,
}

/// <summary>The short names of the flavours, as the command line and the model folder write them.</summary>
public static class TokenizerFlavours
{
    /// <summary>"tf", "hf", "google" or "raw".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
    public static string Format(this TokenizerFlavour flavour) => flavour switch
    {
        TokenizerFlavour.TensorFlow => "tf",
        TokenizerFlavour.HuggingFace => "hf",
        TokenizerFlavour.Google => "google",
        TokenizerFlavour.SentencePiece => "raw",
        _ => throw new ArgumentOutOfRangeException(nameof(flavour), flavour, null),
    };

    /// <summary>Reads "tf", "hf", "google" or "raw".</summary>
    /// <exception cref="TokenizerException">It is none of them.</exception>
    public static TokenizerFlavour Parse(string name) => name switch
    {
        "tf" => TokenizerFlavour.TensorFlow,
        "hf" => TokenizerFlavour.HuggingFace,
        "google" => TokenizerFlavour.Google,
        "raw" => TokenizerFlavour.SentencePiece,
        _ => throw new TokenizerException($"tokenizer flavour \"{name}\" is not known; the flavours are tf, hf, google and raw"),
    };
}
