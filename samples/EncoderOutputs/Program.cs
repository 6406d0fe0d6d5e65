// Looks at what a pretrained encoder makes of a text, as the tutorial does before it trains. The model is downloaded where it is not in the cache.
using Beret.Inference;

using var encoder = Encoder.Load(args.Length > 0 ? args[0] : "all-MiniLM-L6-v2");
var movie = encoder.Encode("this is such an amazing movie!");

Console.WriteLine($"Word Ids   : {string.Join(' ', movie.Ids)}");
Console.WriteLine($"Tokens     : {string.Join(' ', movie.Ids.Select(encoder.Tokenizer.Token))}");
Console.WriteLine($"Pooled Outputs Shape   : ({movie.Pooled.Length})");
Console.WriteLine($"Pooled Outputs Values  : {string.Join(' ', movie.Pooled[..12].ToArray())}");
Console.WriteLine($"Sequence Outputs Shape : ({movie.Sequence.Tokens}, {movie.Sequence.Features})");
Console.WriteLine($"Sequence Outputs Values: {string.Join(' ', movie.Sequence[0][..6].ToArray())}");
Console.WriteLine($"Encoder Outputs        : {movie.Layers.Count} blocks, the last one equal to the sequence output: "
    + movie.Layers[^1].Values.SequenceEqual(movie.Sequence.Values));
