namespace Beret.Hub;

/// <summary>How many weights an encoder has, by its architecture and sizes: V pieces, L blocks, width H, A heads. A feed-forward layer is 4H wide unless said.</summary>
internal static class ParameterCount
{
    /// <summary>BERT (Devlin et al. 2018) and what has its form: RoBERTa, DistilBERT (no types, no pooler), MiniLM.</summary>
    public static long Bert(long v, long l, long h, long positions = 512, long types = 2, bool hasPooler = true) =>
        ((v + positions + types) * h) + Norm(h) + (l * Block(h)) + (hasPooler ? Dense(h, h) : 0);

    /// <summary>ALBERT (Lan et al. 2019): factorised embeddings, and one block for all layers.</summary>
    public static long Albert(long h, long v = 30000, long e = 128) => Embeddings(v, e) + Dense(e, h) + Block(h) + Dense(h, h);

    /// <summary>ELECTRA's discriminator (Clark et al. 2020); TensorFlow Hub's has a pooler, Hugging Face's none.</summary>
    public static long Electra(long l, long h, long e, bool hasPooler) =>
        Embeddings(30522, e) + (e == h ? 0 : Dense(e, h)) + (l * Block(h)) + (hasPooler ? Dense(h, h) : 0);

    /// <summary>BERT with talking heads (Shazeer et al. 2020) and a gated feed-forward layer.</summary>
    public static long TalkingHeads(long l, long h, long a) => Bert(30522, l, h) + (l * ((2 * a * a) + Dense(h, 4 * h)));

    /// <summary>MPNet (Song et al. 2020): no types; 32 buckets of relative positions, shared by the layers.</summary>
    public static long MPNet(long v, long l, long h, long a) => Bert(v, l, h, positions: 514, types: 0) + (32 * a);

    /// <summary>DeBERTa-v3 (He et al. 2021): no absolute positions, types or pooler; 512 relative positions, shared by the layers.</summary>
    public static long DebertaV3(long v, long l, long h) => Bert(v, l, h, positions: 512, types: 0, hasPooler: false) + Norm(h);

    /// <summary>ModernBERT (Warner et al. 2024): rotary positions, gated feed-forward layers of width F, no biases, no norm before the first attention.</summary>
    public static long ModernBert(long l, long h, long f, long v = 50368) => (v * h) + (l * ((4 * h * h) + (3 * h * f))) + (((2 * l) + 1) * h);

    private static long Embeddings(long v, long e) => ((v + 512 + 2) * e) + Norm(e);

    private static long Block(long h) => (4 * Dense(h, h)) + Norm(h) + Dense(h, 4 * h) + Dense(4 * h, h) + Norm(h);

    private static long Dense(long input, long output) => (input * output) + output;

    private static long Norm(long h) => 2 * h;
}
