namespace Beret.Checkpoints;

/// <summary>One safetensors file, mapped into memory.</summary>
internal sealed class SafetensorsCheckpoint : Checkpoint
{
    private readonly MappedFile file;
    private readonly Dictionary<string, long> positions;

    private SafetensorsCheckpoint(MappedFile file, SafetensorsHeader header, long dataStart)
        : base(file.Path, [.. header.Entries.Select(entry => entry.Tensor)], header.Metadata)
    {
        this.file = file;
        positions = header.Entries.ToDictionary(entry => entry.Tensor.Name, entry => dataStart + entry.Begin, StringComparer.Ordinal);
    }

    public static SafetensorsCheckpoint OpenFile(string path)
    {
        var file = MappedFile.Open(path, least: SafetensorsHeader.LengthField);
        try
        {
            var length = SafetensorsHeader.ReadLength(file.Slice(0, SafetensorsHeader.LengthField), file.Length, path);
            var dataStart = SafetensorsHeader.LengthField + length;
            var header = SafetensorsHeader.Parse(file.Slice(SafetensorsHeader.LengthField, length), file.Length - dataStart, path);
            return new SafetensorsCheckpoint(file, header, dataStart);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Dispose() => file.Dispose();

    private protected override ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most) => file.Slice(positions[tensor.Name] + offset, most);
}
