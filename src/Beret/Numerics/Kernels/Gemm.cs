namespace Beret.Numerics.Kernels;

/// <summary>What happens to a row strip of C once its last k block is summed.</summary>
internal unsafe struct Epilogue
{
    /// <summary>Added to each row; null: nothing is.</summary>
    public float* Bias;

    public Activation Activation;

    /// <summary>Receives activation′ of the sums; null: not wanted.</summary>
    public float* Derivative;

    public nint DerivativeStride;

    public readonly bool IsNone => Bias is null && Activation == Activation.None && Derivative is null;
}

/// <summary>
/// C (+)= op(A) · op(B), blocked as in BLIS (Van Zee and Van de Geijn, 2015): B in panels as wide as a tile, packed once for all rows; a task takes
/// <see cref="RowBlock"/> rows of C, packs its rows of A for a block of k, and runs tiles over the panels.
/// Each element of C is one chain of fused multiply-adds, k ascending, so its bits depend neither on the number of threads nor on the other rows.
/// </summary>
internal static unsafe class Gemm<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>k in a block: a strip of A of this length and a panel of B stay in the inner caches.</summary>
    private const int KBlock = 384;

    /// <summary>The floats of packed B that one pass may take, where B is packed on the way.</summary>
    private const int PassFloats = 3 << 20;

    private static readonly int RowBlock = 8 * Tile.Height<V, S>();

    // The panels that are multiplied with a block of rows before the next ones: their part of B stays in the second-level cache.
    private static readonly int PanelBlock = Math.Max(1, 256 / Tile.Width<V, S>());

    public struct Arguments
    {
        public float* A;
        public nint AStride;

        /// <summary>A is kept as [k, rows].</summary>
        public bool ATransposed;
        public float* B;
        public nint BStride;

        /// <summary>B is kept as [columns, k], as the weights of a checkpoint are.</summary>
        public bool BTransposed;

        /// <summary>B as <see cref="PackB"/> packs it, whole; null: the kernel packs.</summary>
        public float* BPacked;
        public float* C;
        public nint CStride;
        public int Rows;
        public int Columns;
        public int K;
        public bool Accumulate;
        public Epilogue Epilogue;

        // The pass under way: k in [KStart, KStart + KCount).
        internal float* Panels;
        internal int KStart;
        internal int KCount;
        internal int ColumnTasks;
        internal float** Own;
    }

    /// <summary>Floats of a packed B.</summary>
    public static long PackedLength(int columns, int k) => (long)PanelsOf(columns) * Tile.Width<V, S>() * k;

    /// <summary>Packs a whole B: all panels of the first k block, then of the next.</summary>
    public static void PackB(WorkerPool pool, float* b, nint stride, bool transposed, int columns, int k, float* packed)
    {
        var arguments = new Arguments
        {
            B = b, BStride = stride, BTransposed = transposed, Columns = columns, K = k, KStart = 0, KCount = k, Panels = packed,
        };
        pool.Run(PanelsOf(columns), &PackPanel, &arguments);
    }

    public static void Run(WorkerPool pool, Scratch scratch, ref Arguments given)
    {
        var arguments = given;
        arguments.Own = scratch.Own;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(arguments.Columns);
        var rowTasks = (arguments.Rows + RowBlock - 1) / RowBlock;

        // Few rows: the columns are cut as well, so that there is work for several threads. The cut follows from the shape alone.
        arguments.ColumnTasks = rowTasks >= 16 ? 1 : (panels + PanelBlock - 1) / PanelBlock;
        if (arguments.ColumnTasks > 1 && rowTasks == 1)
        {
            arguments.ColumnTasks = Math.Min(panels, arguments.ColumnTasks * 4);
        }

        if (arguments.K == 0)
        {
            return;
        }

        var passK = arguments.K;
        if (arguments.BPacked is null)
        {
            passK = Math.Max(1, PassFloats / (panels * width) / KBlock) * KBlock;
        }

        for (var k = 0; k < arguments.K; k += passK)
        {
            arguments.KStart = k;
            arguments.KCount = Math.Min(passK, arguments.K - k);
            if (arguments.BPacked is null)
            {
                arguments.Panels = scratch.Shared((long)panels * width * arguments.KCount);
                pool.Run(panels, &PackPanel, &arguments);
            }
            else
            {
                arguments.Panels = arguments.BPacked;
            }

            pool.Run(rowTasks * arguments.ColumnTasks, &Block, &arguments);
        }
    }

    private static int PanelsOf(int columns)
    {
        var width = Tile.Width<V, S>();
        return (columns + width - 1) / width;
    }

    private static void PackPanel(void* state, int panel, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(g.Columns);
        var column = panel * width;
        var count = Math.Min(width, g.Columns - column);
        for (var k = 0; k < g.KCount; k += KBlock)
        {
            var length = Math.Min(KBlock, g.KCount - k);
            var to = g.Panels + ((nint)k * panels + (nint)panel * length) * width;
            if (g.BTransposed)
            {
                Pack.Transposed(g.B + column * g.BStride + g.KStart + k, g.BStride, count, width, length, to);
            }
            else
            {
                Pack.Direct(g.B + (g.KStart + k) * g.BStride + column, g.BStride, count, width, length, to);
            }
        }
    }

    private static void Block(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(g.Columns);
        var row = task / g.ColumnTasks * RowBlock;
        var rows = Math.Min(RowBlock, g.Rows - row);
        var part = task % g.ColumnTasks;
        var firstPanel = (int)((long)panels * part / g.ColumnTasks);
        var lastPanel = (int)((long)panels * (part + 1) / g.ColumnTasks);
        if (firstPanel == lastPanel)
        {
            return;
        }

        var tallest = Tile.Height<V, S>();
        var strips = g.Own[slot];
        var corner = strips + (nint)(RowBlock + tallest) * KBlock;
        for (var k = 0; k < g.KCount; k += KBlock)
        {
            var length = Math.Min(KBlock, g.KCount - k);
            PackRows(ref g, row, rows, g.KStart + k, length, strips);
            var accumulate = g.Accumulate || g.KStart + k > 0;
            var last = g.KStart + k + length == g.K;
            for (var block = firstPanel; block < lastPanel; block += PanelBlock)
            {
                var end = Math.Min(block + PanelBlock, lastPanel);
                var strip = strips;
                for (var r = 0; r < rows;)
                {
                    var height = Tile.StripHeight(rows - r, tallest);
                    var real = Math.Min(height, rows - r);
                    for (var panel = block; panel < end; panel++)
                    {
                        var b = g.Panels + ((nint)k * panels + (nint)panel * length) * width;
                        var column = panel * width;
                        var c = g.C + (row + r) * g.CStride + column;
                        var columns = Math.Min(width, g.Columns - column);
                        if (real == height && columns == width)
                        {
                            Tile.Packed<V, S>(height, strip, b, width, c, g.CStride, length, accumulate);
                        }
                        else
                        {
                            Edge(height, strip, b, c, g.CStride, real, columns, length, accumulate, corner);
                        }
                    }

                    if (last && !g.Epilogue.IsNone)
                    {
                        var from = block * width;
                        Elementwise<V, S>.Finish(
                            g.C + (row + r) * g.CStride + from, g.CStride, real, Math.Min(end * width, g.Columns) - from,
                            g.Epilogue, row + r, from);
                    }

                    strip += (nint)height * length;
                    r += real;
                }
            }
        }
    }

    private static void PackRows(ref Arguments g, int row, int rows, int k, int length, float* strips)
    {
        var tallest = Tile.Height<V, S>();
        for (var r = 0; r < rows;)
        {
            var height = Tile.StripHeight(rows - r, tallest);
            var real = Math.Min(height, rows - r);
            if (g.ATransposed)
            {
                Pack.Direct(g.A + k * g.AStride + row + r, g.AStride, real, height, length, strips);
            }
            else
            {
                Pack.Transposed(g.A + (row + r) * g.AStride + k, g.AStride, real, height, length, strips);
            }

            strips += (nint)height * length;
            r += real;
        }
    }

    /// <summary>A tile at the border of C, by way of a full tile in scratch memory.</summary>
    private static void Edge(
        int height, float* strip, float* b, float* c, nint cStride, int rows, int columns, int k, bool accumulate, float* corner)
    {
        var width = Tile.Width<V, S>();
        if (accumulate)
        {
            for (var r = 0; r < height; r++)
            {
                for (var j = 0; j < width; j++)
                {
                    corner[r * width + j] = r < rows && j < columns ? c[r * cStride + j] : 0;
                }
            }
        }

        Tile.Packed<V, S>(height, strip, b, width, corner, width, k, accumulate);
        for (var r = 0; r < rows; r++)
        {
            for (var j = 0; j < columns; j++)
            {
                c[r * cStride + j] = corner[r * width + j];
            }
        }
    }
}
