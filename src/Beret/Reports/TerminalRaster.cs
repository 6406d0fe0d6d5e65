using System.Text;

namespace Beret.Reports;

/// <summary>
/// A grid of character cells to draw two curves on. With Unicode each cell holds 2 × 4 dots (braille patterns, U+2800 on); without, one. Positions
/// are fractions of the grid:
/// (0, 0) is the upper left dot, (1, 1) the lower right one.
/// </summary>
internal sealed class TerminalRaster(int columns, int rows, bool unicode)
{
    public const string TrainingColour = "\u001b[91m", ValidationColour = "\u001b[94m", Reset = "\u001b[0m";

    private readonly byte[] dots = new byte[columns * rows];
    private readonly char[] marks = new char[columns * rows];
    private readonly Owner[] owners = new Owner[columns * rows];
    private readonly int across = unicode ? 2 : 1;
    private readonly int down = unicode ? 4 : 1;

    private enum Owner : byte
    {
        None,
        Training,
        Validation,
    }

    /// <summary>Draws a line: solid for training, dotted for validation.</summary>
    public void Line((double X, double Y) from, (double X, double Y) to, bool validation)
    {
        var ((x0, y0), (x1, y1)) = (Dot(from), Dot(to));
        var length = Math.Max(1, Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0)));
        for (var i = 0; i <= length; i++)
        {
            var x = x0 + (int)Math.Round((double)(x1 - x0) * i / length);
            var y = y0 + (int)Math.Round((double)(y1 - y0) * i / length);

            // Dotted by place, not by distance along the line, so that joined segments keep one rhythm.
            if (!validation || (Math.Abs(x1 - x0) >= Math.Abs(y1 - y0) ? x : y) % (unicode ? 3 : 2) == 0)
            {
                Set(x, y, validation ? Owner.Validation : Owner.Training);
            }
        }
    }

    /// <summary>Puts a marker over whatever is there: a ring for training, a disc for validation.</summary>
    public void Mark((double X, double Y) at, bool validation)
    {
        var (x, y) = Dot(at);
        var cell = y / down * columns + x / across;
        marks[cell] = (unicode, validation) switch
        {
            (true, false) => '○',
            (true, true) => '●',
            (false, false) => 'o',
            (false, true) => 'x',
        };
        owners[cell] = validation ? Owner.Validation : Owner.Training;
    }

    /// <summary>One row of cells.</summary>
    public string Line(int row, bool color)
    {
        var text = new StringBuilder(columns);
        var current = Owner.None;
        for (var column = 0; column < columns; column++)
        {
            var cell = row * columns + column;
            if (color && owners[cell] != current)
            {
                current = owners[cell];
                text.Append(current switch { Owner.Training => TrainingColour, Owner.Validation => ValidationColour, _ => Reset });
            }

            text.Append(
                marks[cell] != 0 ? marks[cell]
                : dots[cell] == 0 ? ' '
                : unicode ? (char)(0x2800 + dots[cell])
                : owners[cell] == Owner.Validation ? ':' : '.');
        }

        return current == Owner.None ? text.ToString() : text.Append(Reset).ToString();
    }

    private (int X, int Y) Dot((double X, double Y) at)
    {
        int width = columns * across, height = rows * down;
        return (Math.Clamp((int)Math.Round(at.X * (width - 1)), 0, width - 1), Math.Clamp((int)Math.Round(at.Y * (height - 1)), 0, height - 1));
    }

    private void Set(int x, int y, Owner owner)
    {
        // Braille numbers its dots down the left column, then down the right one, and the bottom pair last.
        ReadOnlySpan<byte> bits = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
        var cell = y / down * columns + x / across;
        dots[cell] |= unicode ? bits[y % 4 * 2 + x % 2] : (byte)1;
        owners[cell] = owner;
    }
}
