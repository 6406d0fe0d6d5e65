using System.Text;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// What <c>torch.save</c> has written since PyTorch 1.6: a zip archive with one folder, in it <c>data.pkl</c>, and each storage as <c>data/KEY</c>
/// (torch/serialization.py, caffe2/serialize/inline_container.cc).
/// </summary>
internal sealed class ZipForm
{
    private const string PickleName = "data.pkl";

    private readonly MappedFile file;
    private readonly Dictionary<string, ZipEntry> entries;
    private readonly DeflatedBytes.Unpacked unpacked = new();

    private ZipForm(MappedFile file)
    {
        this.file = file;
        entries = ZipDirectory.Read(file);
    }

    public static TorchFile Read(MappedFile file) => new ZipForm(file).Read();

    private TorchFile Read()
    {
        var folders = entries.Keys.Where(name => name.IndexOf('/') + 1 == name.Length - PickleName.Length && name.EndsWith("/" + PickleName, StringComparison.Ordinal))
            .Select(name => name[..^PickleName.Length]).ToList();
        if (folders is not [var folder])
        {
            throw Refuse($"the archive holds {(folders.Count == 0 ? "no" : "more than one")} FOLDER/{PickleName}; it is not one that torch.save made");
        }

        if (entries.ContainsKey(folder + "constants.pkl"))
        {
            throw Refuse("this is a TorchScript program, which is not run; save the weights of the model (model.state_dict())");
        }

        if (entries.ContainsKey(folder + "byteorder") && Encoding.ASCII.GetString(Contents(folder + "byteorder", most: 16)) is not "little" and var order)
        {
            throw Refuse($"its numbers are stored in the byte order {CheckpointException.Quote(order)}; only little is read");
        }

        var pickle = PickleReader.Read(Contents(folder + PickleName, PickleReader.Longest), $"{file.Path}: {PickleName}");
        return new TorchFile(pickle.Root, key => entries.TryGetValue($"{folder}data/{key}", out var entry) ? BytesOf(entry) : null);
    }

    private ReadOnlySpan<byte> Contents(string name, int most)
    {
        var entry = entries[name];
        return entry.Size <= most ? BytesOf(entry).Slice(0, (int)entry.Size) : throw Refuse($"{CheckpointException.Quote(name)} has {entry.Size} bytes; at most {most} are read");
    }

    private StoredBytes BytesOf(ZipEntry entry) => entry.IsDeflated
        ? new DeflatedBytes(file, entry, unpacked)
        : new MappedBytes(file, entry.Name, entry.Position, entry.Size, entry.Checksum);

    private CheckpointException Refuse(string what) => new($"{file.Path}: {what}");
}
