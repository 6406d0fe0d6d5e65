using System.Globalization;
using Beret.Checkpoints;
using global::Onnx;
using Google.Protobuf;

namespace Beret.Onnx.Graphs;

/// <summary>
/// Writes a model as a file. Everything but the weights is a message of the published schema; the weights follow within the message of the graph, streamed from where they are. A
/// message of Protocol Buffers cannot be larger than 2 GB: where the weights are, they lie in a second file, FILE_data, as the format has it.
/// </summary>
internal static class OnnxFile
{
    /// <summary>The most bytes of weights in the model's own file; the rest of 2 GB is for its nodes.</summary>
    public const long MostInside = int.MaxValue - (64L << 20);

    // Constants stay where the shapes of other tensors are told by them.
    private const long SmallestOutside = 1 << 10;
    private const int OutsideAlignment = 1 << 12;

    /// <summary>The name of the second file.</summary>
    public static string DataFileOf(string path) => $"{path}_data";

    /// <param name="path">The file; an old one is replaced when the new one is complete.</param>
    /// <param name="model">Its graph has no initializers.</param>
    /// <param name="tensors">The weights and constants.</param>
    /// <param name="mostInside">Where the weights have more bytes they are put into the second file.</param>
    /// <returns>Whether there is a second file.</returns>
    /// <exception cref="CheckpointException">A file cannot be written.</exception>
    public static bool Write(string path, ModelProto model, IReadOnlyList<StoredTensor> tensors, long mostInside = MostInside)
    {
        var isOutside = tensors.Sum(tensor => tensor.Bytes) > mostInside;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var entries = Entries(tensors, isOutside ? Path.GetFileName(DataFileOf(path)) : null);
        if (isOutside)
        {
            AtomicFile.Write(DataFileOf(path), stream => WriteOutside(stream, entries));
        }

        AtomicFile.Write(path, stream => Write(stream, model, entries));
        if (!isOutside)
        {
            File.Delete(DataFileOf(path));
        }

        return isOutside;
    }

    private static void Write(Stream stream, ModelProto model, List<Entry> entries)
    {
        using var output = new CodedOutputStream(stream, leaveOpen: true);
        var graph = model.Graph;
        var outer = model.Clone();
        outer.Graph = null;
        outer.WriteTo(output);
        var length = (long)graph.CalculateSize() + entries.Sum(entry => SizeWithin(GraphProto.InitializerFieldNumber, entry.Size));
        if (length > int.MaxValue)
        {
            throw new OnnxException($"the graph would be {length} bytes long; a message of ONNX may have {int.MaxValue}");
        }

        output.WriteTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
        output.WriteLength((int)length);
        graph.WriteTo(output);
        foreach (var entry in entries)
        {
            output.WriteTag(GraphProto.InitializerFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteLength(checked((int)entry.Size));
            entry.Header.WriteTo(output);
            if (!entry.IsOutside)
            {
                output.WriteTag(TensorProto.RawDataFieldNumber, WireFormat.WireType.LengthDelimited);
                output.WriteLength(checked((int)entry.Tensor.Bytes));
                output.Flush();
                entry.Tensor.Write(stream);
            }
        }
    }

    private static void WriteOutside(Stream stream, List<Entry> entries)
    {
        var padding = new byte[OutsideAlignment];
        long place = 0;
        foreach (var entry in entries.Where(entry => entry.IsOutside))
        {
            stream.Write(padding, 0, (int)(entry.Offset - place));
            entry.Tensor.Write(stream);
            place = entry.Offset + entry.Tensor.Bytes;
        }
    }

    private static List<Entry> Entries(IReadOnlyList<StoredTensor> tensors, string? dataFile)
    {
        var entries = new List<Entry>(tensors.Count);
        long end = 0;
        foreach (var tensor in tensors)
        {
            var header = new TensorProto { Name = tensor.Name, DataType = (int)tensor.Type, Dims = { tensor.Dimensions } };
            var isOutside = dataFile is not null && tensor.Bytes >= SmallestOutside;
            var offset = (end + OutsideAlignment - 1) / OutsideAlignment * OutsideAlignment;
            if (isOutside)
            {
                end = offset + tensor.Bytes;
                header.DataLocation = TensorProto.Types.DataLocation.External;
                header.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = dataFile });
                header.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
                header.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = tensor.Bytes.ToString(CultureInfo.InvariantCulture) });
            }

            var size = header.CalculateSize() + (isOutside ? 0 : SizeWithin(TensorProto.RawDataFieldNumber, tensor.Bytes));
            entries.Add(new Entry(tensor, header, size, isOutside, offset));
        }

        return entries;
    }

    /// <summary>What a field of so many bytes takes with its number and its length.</summary>
    private static long SizeWithin(int field, long bytes) =>
        CodedOutputStream.ComputeTagSize(field) + CodedOutputStream.ComputeUInt64Size((ulong)bytes) + bytes;

    /// <param name="Tensor">The weight.</param>
    /// <param name="Header">Its message without the bytes.</param>
    /// <param name="Size">Bytes of the whole message.</param>
    /// <param name="IsOutside">Whether the bytes lie in the second file.</param>
    /// <param name="Offset">Their place there.</param>
    private sealed record Entry(StoredTensor Tensor, TensorProto Header, long Size, bool IsOutside, long Offset);
}
