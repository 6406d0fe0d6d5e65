namespace Beret.Numerics.Reference;

/// <content>Rotary position embeddings (Su et al. 2021, equation 34, with the pairs (i, i + D/2)).</content>
internal sealed partial class ReferenceBackend
{
    public void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse)
    {
        var (size, half) = (table.Columns, table.Columns / 2);
        Expect(queryKeyValue, positions.Count, 3 * heads * size);
        for (var t = 0; t < queryKeyValue.Rows; t++)
        {
            var row = Row(queryKeyValue, t);
            var angles = Row(table, Values(positions)[t]);
            for (var head = 0; head < 2 * heads; head++)
            {
                for (var i = 0; i < half; i++)
                {
                    ref var a = ref row[head * size + i];
                    ref var b = ref row[head * size + half + i];
                    double x = a, y = b, cos = angles[i], sin = inverse ? -angles[half + i] : angles[half + i];
                    a = (float)(x * cos - y * sin);
                    b = (float)(y * cos + x * sin);
                }
            }
        }
    }
}
