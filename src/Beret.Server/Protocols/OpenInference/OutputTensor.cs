using System.Buffers.Binary;
using System.Text;
using Beret.Inference;
using Beret.Server.Servables;
using Beret.Tasks;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>An output of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">FP32 or BYTES.</param>
/// <param name="Shape">Its shape; −1 is the number of texts where that is not known yet.</param>
/// <param name="Floats">The values of FP32, row-major.</param>
/// <param name="Strings">The values of BYTES.</param>
internal sealed record OutputTensor(string Name, string Datatype, IReadOnlyList<long> Shape, IReadOnlyList<float> Floats, IReadOnlyList<string> Strings)
{
    public const string Fp32 = "FP32";
    public const string Bytes = "BYTES";

    /// <summary>The outputs of a model, without values: the logits; of a model that chooses among labels their probabilities; and where it chooses one, that one.</summary>
    public static IReadOnlyList<OutputTensor> Of(ModelVersion model) => Of(model, -1, []);

    /// <summary>The outputs for some texts.</summary>
    public static IReadOnlyList<OutputTensor> Of(ModelVersion model, IReadOnlyList<Prediction> predictions) => Of(model, predictions.Count, predictions);

    /// <summary>The names of the outputs that are wanted; all of them where nothing is said.</summary>
    /// <exception cref="ServingException">The model has no such output.</exception>
    public static IReadOnlyList<string> Choose(ModelVersion model, IReadOnlyList<string>? wanted)
    {
        List<string> known = [.. Of(model).Select(output => output.Name)];
        foreach (var name in wanted ?? [])
        {
            if (!known.Contains(name))
            {
                throw ServingException.Invalid($"there is no output '{name}': there are {string.Join(", ", known)}");
            }
        }

        return wanted ?? known;
    }

    /// <summary>The values as the protocol's raw bytes: little-endian, strings with their lengths before them.</summary>
    public byte[] ToRaw()
    {
        if (Datatype == Fp32)
        {
            var raw = new byte[sizeof(float) * Floats.Count];
            for (var i = 0; i < Floats.Count; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(sizeof(float) * i), Floats[i]);
            }

            return raw;
        }

        using var strings = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var text in Strings)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            strings.Write(length);
            strings.Write(bytes);
        }

        return strings.ToArray();
    }

    private static List<OutputTensor> Of(ModelVersion model, long count, IReadOnlyList<Prediction> predictions)
    {
        var outputs = new List<OutputTensor>
        {
            new("logits", Fp32, [count, model.Outputs], [.. predictions.SelectMany(prediction => prediction.Logits)], []),
        };
        if (model.Task != TaskNames.Regression)
        {
            outputs.Add(new("probabilities", Fp32, [count, model.Labels.Count], [.. predictions.SelectMany(prediction => prediction.Probabilities).Select(p => (float)p)], []));
        }

        if (model.Task is TaskNames.Binary or TaskNames.MultiClass)
        {
            outputs.Add(new("label", Bytes, [count], [], [.. predictions.Select(prediction => prediction.Label)]));
        }

        return outputs;
    }
}
