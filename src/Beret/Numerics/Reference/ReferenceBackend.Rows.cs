namespace Beret.Numerics.Reference;

/// <content>Copies, in and out of the backend and of whole rows, means of rows and the largest of them.</content>
internal sealed partial class ReferenceBackend
{
    public void Write(ReadOnlySpan<float> values, Matrix destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, destination.Length, nameof(values));
        for (var t = 0; t < destination.Rows; t++)
        {
            values.Slice(t * destination.Columns, destination.Columns).CopyTo(Row(destination, t));
        }
    }

    public void Write(ReadOnlySpan<int> values, Indices destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, destination.Count, nameof(values));
        values.CopyTo(Values(destination));
    }

    public void Read(Matrix source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length, nameof(destination));
        for (var t = 0; t < source.Rows; t++)
        {
            Row(source, t).CopyTo(destination.Slice(t * source.Columns, source.Columns));
        }
    }

    public void Clear(Matrix matrix)
    {
        for (var t = 0; t < matrix.Rows; t++)
        {
            Row(matrix, t).Clear();
        }
    }

    public void Copy(Matrix source, Matrix destination)
    {
        Expect(destination, source.Rows, source.Columns);
        for (var t = 0; t < source.Rows; t++)
        {
            Row(source, t).CopyTo(Row(destination, t));
        }
    }

    public void GatherRows(Matrix input, Indices rows, Matrix output)
    {
        Expect(output, rows.Count, input.Columns);
        var from = Values(rows);
        for (var i = 0; i < from.Length; i++)
        {
            Row(input, from[i]).CopyTo(Row(output, i));
        }
    }

    public void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate)
    {
        Expect(outputGradient, rows.Count, inputGradient.Columns);
        if (!accumulate)
        {
            Clear(inputGradient);
        }

        var to = Values(rows);
        for (var i = 0; i < to.Length; i++)
        {
            AddTo(Row(inputGradient, to[i]), Row(outputGradient, i));
        }
    }

    public void MeanRows(Matrix input, Indices starts, Matrix output)
    {
        Expect(output, starts.Count - 1, input.Columns);
        var b = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            var sum = new double[input.Columns];
            for (var t = first; t < first + length; t++)
            {
                AddScaled(sum, 1.0 / length, Row(input, t));
            }

            Store(sum, Row(output, b++), accumulate: false);
        }
    }

    public void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate)
    {
        Expect(outputGradient, starts.Count - 1, inputGradient.Columns);
        var b = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            var share = new double[inputGradient.Columns];
            AddScaled(share, 1.0 / length, Row(outputGradient, b++));
            for (var t = first; t < first + length; t++)
            {
                Store(share, Row(inputGradient, t), accumulate);
            }
        }
    }

    public void MaxRows(Matrix input, Indices starts, Matrix output)
    {
        Expect(output, starts.Count - 1, input.Columns);
        var b = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            var largest = Row(output, b++);
            for (var c = 0; c < largest.Length; c++)
            {
                largest[c] = Row(input, RowOfLargest(input, first, length, c))[c];
            }
        }
    }

    public void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate)
    {
        Expect(outputGradient, starts.Count - 1, input.Columns);
        Expect(inputGradient, input.Rows, input.Columns);
        if (!accumulate)
        {
            Clear(inputGradient);
        }

        var b = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            for (var c = 0; c < input.Columns; c++)
            {
                Row(inputGradient, RowOfLargest(input, first, length, c))[c] += Row(outputGradient, b)[c];
            }

            b++;
        }
    }

    public void MultiplyInPlace(Matrix gradient, Matrix derivative)
    {
        Expect(derivative, gradient.Rows, gradient.Columns);
        for (var t = 0; t < gradient.Rows; t++)
        {
            var g = Row(gradient, t);
            var d = Row(derivative, t);
            for (var c = 0; c < g.Length; c++)
            {
                g[c] *= d[c];
            }
        }
    }

    /// <summary>The first of some rows that has the column's largest value; of those that are NaN, if there is one.</summary>
    private static int RowOfLargest(Matrix input, int first, int length, int column)
    {
        var row = first;
        for (var t = first + 1; t < first + length && !float.IsNaN(Row(input, row)[column]); t++)
        {
            var value = Row(input, t)[column];
            row = value > Row(input, row)[column] || float.IsNaN(value) ? t : row;
        }

        return row;
    }

    /// <summary>sum += values, each addition rounded to fp32: where the seam fixes the order of a sum, it fixes its bits.</summary>
    private static void AddTo(Span<float> sum, ReadOnlySpan<float> values)
    {
        for (var c = 0; c < sum.Length; c++)
        {
            sum[c] += values[c];
        }
    }
}
