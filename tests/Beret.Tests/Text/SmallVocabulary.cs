namespace Beret.Tests.Text;

/// <summary>A model folder with a vocabulary of a few words, for what needs no recorded ids.</summary>
internal sealed class SmallVocabulary : IDisposable
{
    public static readonly string[] Tokens =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "movie", "was", "great", "un", "##believ", "##able", "!", ".", "Movie", "cafe", "café",
        "a", "b", "c", "d", "e", "f", "g", "h", "中", "##s",
    ];

    public SmallVocabulary()
    {
        Folder = Directory.CreateTempSubdirectory("beret-text-").FullName;
        Write("vocab.txt", string.Concat(Tokens.Select(t => t + "\n")));
    }

    public string Folder { get; }

    public string VocabularyPath => Path.Combine(Folder, "vocab.txt");

    public static int Id(string token) => Array.IndexOf(Tokens, token);

    public static int[] Ids(string tokens) => [.. tokens.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Id)];

    public void Write(string name, string content) => File.WriteAllText(Path.Combine(Folder, name), content);

    /// <summary>Writes a tokenizer.json of this vocabulary, with a change made to its text.</summary>
    public void WriteTokenizerJson(Func<string, string>? change = null)
    {
        var vocab = string.Join(",", Tokens.Select((t, i) => $"\"{t}\":{i}"));
        var added = string.Join(",", Tokens.Take(5).Select((t, i) =>
            $$"""{"id":{{i}},"content":"{{t}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        var json = $$"""
            {"version":"1.0","truncation":{"max_length":128,"strategy":"LongestFirst","stride":0},"padding":null,"added_tokens":[{{added}}],
            "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
            "pre_tokenizer":{"type":"BertPreTokenizer"},
            "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
            "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
            "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{ {{vocab}} } } }
            """;
        Write("tokenizer.json", (change ?? (j => j))(json));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
