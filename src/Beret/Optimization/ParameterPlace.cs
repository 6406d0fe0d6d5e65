using System.Globalization;

namespace Beret.Optimization;

/// <summary>Where in an encoder a parameter belongs, by its name in a checkpoint.</summary>
internal static class ParameterPlace
{
    /// <summary>0: the embedding tables, i: the i-th block; null: what belongs to none, or is shared by several.</summary>
    public static int? LayerOf(string name)
    {
        var parts = name.Split('.');
        if (parts.Contains("embeddings"))
        {
            return 0;
        }

        for (var i = 1; i < parts.Length; i++)
        {
            if (parts[i - 1] is "layer" or "layers" && int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return number + 1;
            }
        }

        return null;
    }
}
