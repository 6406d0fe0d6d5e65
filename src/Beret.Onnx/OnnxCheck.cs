using System.Text.Json.Nodes;
using Beret.Onnx.Checks;
using Beret.Text;

namespace Beret.Onnx;

/// <summary>Holds an exported model to what Beret computes: in ONNX Runtime under node, where that is there.</summary>
public static class OnnxCheck
{
    /// <summary>Compares the logits of texts of several lengths, filled up to one batch.</summary>
    /// <param name="source">The classifier that was exported.</param>
    /// <param name="file">What was written.</param>
    /// <param name="precision">What it was written in.</param>
    /// <param name="modules">A folder with node_modules; null for the one that BERET_NODE_MODULES names, or the working directory.</param>
    /// <exception cref="BeretException">ONNX Runtime cannot run the file.</exception>
    public static ExportCheck Run(string source, string file, OnnxPrecision precision, string? modules = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (NodeRuntime.Find(NodeRuntime.OnnxRuntime, modules, out var reason) is not { } runtime)
        {
            return ExportCheck.None(reason);
        }

        using var classifier = CheckTexts.Open(source, precision);
        string[] texts = [.. CheckTexts.Short, .. CheckTexts.Long];
        TokenizedText[] encoded = [.. texts.Select(text => classifier.Tokenizer.Encode(text, null, classifier.Description.EncodeOptions))];
        var answer = runtime.Ask(new JsonObject
        {
            ["model"] = Path.GetFullPath(file),
            ["padding"] = classifier.Tokenizer.PaddingId,
            ["ids"] = Rows(encoded.Select(text => text.Ids)),
            ["types"] = Rows(encoded.Select(text => text.Types)),
        });
        float[] expected = [.. classifier.Predict(texts).SelectMany(prediction => prediction.Logits)];
        float[] found = [.. answer.GetProperty("logits").EnumerateArray().Select(value => value.GetSingle())];
        var difference = Difference(expected, found);
        return new ExportCheck(answer.GetProperty("by").GetString(), "", texts.Length, difference, Tolerance(precision, expected));
    }

    /// <summary>Of a widened head the first logit is 0.</summary>
    private static double Difference(float[] expected, float[] found)
    {
        if (found.Length == 2 * expected.Length)
        {
            expected = [.. expected.SelectMany(logit => (float[])[0, logit])];
        }

        return found.Length != expected.Length
            ? throw new OnnxException($"the exported model gives {found.Length} logits where there should be {expected.Length}")
            : expected.Zip(found, (x, y) => float.IsFinite(y) ? Math.Abs((double)x - y) : double.PositiveInfinity).Max();
    }

    /// <summary>
    /// fp32 differs by the order of its sums. 16 bits have 11 that count, and int8 scales activations otherwise than Beret: there a share of the largest logit is allowed.
    /// </summary>
    private static double Tolerance(OnnxPrecision precision, float[] logits)
    {
        var largest = Math.Max(1, logits.Max(Math.Abs));
        return precision switch
        {
            OnnxPrecision.Float16 => 0.02 * largest,
            OnnxPrecision.Int8 => 0.25 * largest,
            _ => 1e-4 * largest,
        };
    }

    private static JsonArray Rows(IEnumerable<IReadOnlyList<int>> rows) => [.. rows.Select(row => (JsonNode)new JsonArray([.. row.Select(number => (JsonNode)number)]))];
}
