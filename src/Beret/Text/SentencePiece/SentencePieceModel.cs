using System.Collections.Immutable;
using Beret.Protobuf;

namespace Beret.Text.SentencePiece;

/// <summary>What a piece is for (ModelProto.SentencePiece.Type).</summary>
internal enum PieceType
{
    Normal = 1,

    /// <summary>What the pieces cannot spell.</summary>
    Unknown = 2,

    /// <summary>A sign such as [CLS], never found in a text.</summary>
    Control = 3,

    /// <summary>Always a piece of its own wherever it stands, and never changed by normalisation.</summary>
    UserDefined = 4,

    Unused = 5,
    Byte = 6,
}

/// <summary>An entry of the vocabulary; its id is its place.</summary>
/// <param name="Text">The characters, with ▁ for a space.</param>
/// <param name="Score">The logarithm of its probability.</param>
/// <param name="Type">What it is for.</param>
internal readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>A SentencePiece model of the unigram kind: spiece.model or 30k-clean.model (ModelProto of sentencepiece_model.proto).</summary>
internal sealed class SentencePieceModel
{
    /// <summary>The longest piece in UTF-16 units. SentencePiece trains pieces of up to 16 characters; user-defined ones can be longer.</summary>
    public const int LongestPiece = 256;

    private const int LargestFile = 256 << 20;
    private const int LargestVocabulary = 4 << 20;
    private const int Unigram = 1;

    private static readonly string[] ModelTypes = ["", "unigram", "BPE", "word", "character"];

    private readonly ImmutableArray<Piece>.Builder pieces = ImmutableArray.CreateBuilder<Piece>();
    private int modelType = Unigram;
    private bool spacesAsSuffix;
    private bool byteFallback;

    private SentencePieceModel(ReadOnlySpan<byte> bytes) => Bytes = bytes.ToArray();

    /// <summary>The file, byte for byte.</summary>
    public byte[] Bytes { get; }

    /// <summary>The vocabulary; a piece's id is its place.</summary>
    public ImmutableArray<Piece> Pieces { get; private set; }

    /// <summary>The id of the one piece of type <see cref="PieceType.Unknown"/>.</summary>
    public int UnknownId { get; private set; } = -1;

    /// <summary>The normalisation rules; null where the model normalises nothing.</summary>
    public PrecompiledCharsMap? CharsMap { get; private set; }

    /// <summary>Whether a text gets a space in front, so that a word is the same piece at the start and after a space.</summary>
    public bool AddDummyPrefix { get; private set; } = true;

    /// <summary>Whether spaces at both ends go and runs of them become one.</summary>
    public bool RemoveExtraSpaces { get; private set; } = true;

    /// <summary>Whether a space is written ▁ in the pieces.</summary>
    public bool EscapeSpaces { get; private set; } = true;

    /// <summary>Reads a model file.</summary>
    /// <exception cref="TokenizerException">It cannot be read, is damaged, or of another kind than unigram.</exception>
    public static SentencePieceModel Read(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= LargestFile
                ? Parse(File.ReadAllBytes(path), path)
                : throw new TokenizerException($"{path} is larger than {LargestFile >> 20} MiB, which no SentencePiece model is");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a model from memory.</summary>
    /// <param name="bytes">The content of a model file.</param>
    /// <param name="where">The file it comes from, for messages.</param>
    /// <exception cref="TokenizerException">It is damaged, or of another kind than unigram.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> bytes, string where)
    {
        var model = new SentencePieceModel(bytes);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    model.AddPiece(reader.Bytes(), where);
                    break;
                case 2:
                    model.ReadTrainer(reader.Bytes(), where);
                    break;
                case 3:
                    model.ReadNormalizer(reader.Bytes(), where);
                    break;
            }
        }

        model.Check(reader.IsDamaged, where);
        return model;
    }

    private void AddPiece(ReadOnlySpan<byte> message, string where)
    {
        var (text, score, type) = ("", 0f, (int)PieceType.Normal);
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = reader.Text();
                    break;
                case 2:
                    score = reader.Single();
                    break;
                case 3:
                    type = reader.Int32();
                    break;
            }
        }

        var id = pieces.Count;
        if (reader.IsDamaged || text.Length is 0 or > LongestPiece || !float.IsFinite(score) || !Enum.IsDefined((PieceType)type))
        {
            throw new TokenizerException($"{where}: piece {id} of the SentencePiece model is damaged");
        }

        if (id == LargestVocabulary)
        {
            throw new TokenizerException($"{where}: more than {LargestVocabulary} pieces, which no SentencePiece model has");
        }

        if (type == (int)PieceType.Unknown)
        {
            UnknownId = UnknownId < 0 ? id : throw new TokenizerException($"{where}: pieces {UnknownId} and {id} are both the unknown piece");
        }

        pieces.Add(new Piece(text, score, (PieceType)type));
    }

    private void ReadTrainer(ReadOnlySpan<byte> message, string where)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    modelType = reader.Int32();
                    break;
                case 24:
                    spacesAsSuffix = reader.Int64() != 0;
                    break;
                case 35:
                    byteFallback = reader.Int64() != 0;
                    break;
            }
        }

        Require(!reader.IsDamaged, where);
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message, string where)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    var rules = reader.Bytes();
                    CharsMap = rules.IsEmpty ? null : PrecompiledCharsMap.Parse(rules, where);
                    break;
                case 3:
                    AddDummyPrefix = reader.Int64() != 0;
                    break;
                case 4:
                    RemoveExtraSpaces = reader.Int64() != 0;
                    break;
                case 5:
                    EscapeSpaces = reader.Int64() != 0;
                    break;
            }
        }

        Require(!reader.IsDamaged, where);
    }

    private void Check(bool damaged, string where)
    {
        Require(!damaged && pieces.Count > 0, where);
        if (modelType != Unigram)
        {
            var name = modelType is > 0 and < 5 ? ModelTypes[modelType] : modelType.ToString(System.Globalization.CultureInfo.InvariantCulture);
            throw new TokenizerException($"{where}: the SentencePiece model is of the kind {name}; only unigram is supported from a model file");
        }

        if (spacesAsSuffix || byteFallback)
        {
            var what = byteFallback ? "byte_fallback" : "treat_whitespace_as_suffix";
            throw new TokenizerException($"{where}: the SentencePiece model was trained with {what}, which is not supported");
        }

        if (UnknownId < 0)
        {
            throw new TokenizerException($"{where}: the SentencePiece model has no unknown piece");
        }

        Pieces = pieces.DrainToImmutable();
        var seen = new HashSet<string>(Pieces.Length, StringComparer.Ordinal);
        foreach (var piece in Pieces)
        {
            if (!seen.Add(piece.Text))
            {
                throw new TokenizerException($"{where}: the SentencePiece model has the piece \"{piece.Text}\" twice");
            }
        }
    }

    private static void Require(bool sound, string where)
    {
        if (!sound)
        {
            throw new TokenizerException($"{where} is not a SentencePiece model, or is damaged");
        }
    }
}
