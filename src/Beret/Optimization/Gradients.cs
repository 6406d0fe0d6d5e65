using Beret.Numerics;

namespace Beret.Optimization;

/// <summary>Gradients as other programs show them.</summary>
internal static class Gradients
{
    /// <summary>The gradient of a parameter as a full matrix; the rows of a table's occurrences are summed.</summary>
    /// <param name="ids">The token ids that the occurrences belong to.</param>
    public static float[] Dense(IBackend backend, Parameter parameter, ReadOnlySpan<int> ids)
    {
        var values = new float[parameter.Length];
        if (!parameter.HasRowGradient)
        {
            backend.Read(parameter.Gradient, values);
            return values;
        }

        var rows = parameter.OccurrenceGradient;
        if (rows.IsNone)
        {
            return values;
        }

        var occurrences = new float[rows.Length];
        backend.Read(rows, occurrences);
        for (var t = 0; t < ids.Length; t++)
        {
            for (var j = 0; j < rows.Columns; j++)
            {
                values[(long)ids[t] * rows.Columns + j] += occurrences[(long)t * rows.Columns + j];
            }
        }

        return values;
    }
}
