namespace Beret.Numerics.Reference;

/// <content>What a convolution over the positions of a sequence is made of, but for its product.</content>
internal sealed partial class ReferenceBackend
{
    public void Activate(Matrix matrix, Activation activation, Matrix derivative)
    {
        for (var t = 0; t < matrix.Rows; t++)
        {
            var x = Row(matrix, t);
            for (var c = 0; c < x.Length; c++)
            {
                var (value, slope) = Activate(activation, x[c]);
                x[c] = (float)value;
                if (!derivative.IsNone)
                {
                    Row(derivative, t)[c] = (float)slope;
                }
            }
        }
    }

    public void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output)
    {
        Expect(output, input.Rows, input.Columns * kernel);
        foreach (var (row, offset, neighbour) in Neighbours(starts, positions, kernel))
        {
            for (var h = 0; h < input.Columns; h++)
            {
                Row(output, row)[h * kernel + offset] = neighbour < 0 ? 0 : Row(input, neighbour)[h];
            }
        }
    }

    public void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate)
    {
        Expect(outputGradient, inputGradient.Rows, inputGradient.Columns * kernel);
        if (!accumulate)
        {
            Clear(inputGradient);
        }

        foreach (var (row, offset, neighbour) in Neighbours(starts, positions, kernel).OrderBy(entry => entry.Offset).Where(entry => entry.Neighbour >= 0))
        {
            for (var h = 0; h < inputGradient.Columns; h++)
            {
                Row(inputGradient, neighbour)[h] += Row(outputGradient, row)[h * kernel + offset];
            }
        }
    }

    /// <summary>For each row and each offset in the kernel the row that stands there, or −1.</summary>
    private static List<(int Row, int Offset, int Neighbour)> Neighbours(Indices starts, Indices positions, int kernel)
    {
        var entries = new List<(int, int, int)>();
        foreach (var (first, length) in Sequences(starts))
        {
            for (var t = first; t < first + length; t++)
            {
                for (var o = 0; o < kernel; o++)
                {
                    var found = Values(positions).Slice(first, length).IndexOf(Values(positions)[t] + o - kernel / 2);
                    entries.Add((t, o, found < 0 ? -1 : first + found));
                }
            }
        }

        return entries;
    }
}
