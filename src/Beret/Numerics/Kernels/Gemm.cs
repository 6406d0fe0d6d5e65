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

/// <summary>The operands of C (+)= op(A) · op(B).</summary>
internal unsafe struct Product
{
    public float* A;
    public nint AStride;

    /// <summary>A is kept as [k, rows].</summary>
    public bool ATransposed;
    public float* B;
    public nint BStride;

    /// <summary>B is kept as [columns, k], as the weights of a checkpoint are.</summary>
    public bool BTransposed;

    /// <summary>B packed whole, for the same arithmetic; null: it is packed on the way.</summary>
    public float* BPacked;
    public float* C;
    public nint CStride;
    public int Rows;
    public int Columns;
    public int K;
    public bool Accumulate;
    public Epilogue Epilogue;
}

/// <summary>
/// C (+)= op(A) · op(B), blocked as in BLIS (Van Zee and Van de Geijn, 2015): B in panels as wide as a tile, packed once for all rows; a task takes
/// <see cref="RowBlock"/> rows of C, packs its rows of A for a block of k, and runs tiles over the panels. P is the arithmetic of the product.
/// Each element of C is one chain of additions, in an order that follows from k alone, so its bits depend neither on the number of threads nor on the other rows.
/// </summary>
internal static unsafe class Gemm<V, S, P>
    where V : struct
    where S : ISimd<V>
    where P : IProduct
{
    /// <summary>The units of packed B that one pass may take, where B is packed on the way.</summary>
    private const int PassUnits = 3 << 20;

    private static readonly int BlockUnits = P.Units(P.Block);

    private static readonly int RowBlock = 8 * Tile.Height<V, S>();

    // The last strip of a block may be taller than what is left.
    private static readonly int MostRows = RowBlock + Tile.Height<V, S>();

    // The panels that are multiplied with a block of rows before the next ones: their part of B stays in the second-level cache.
    private static readonly int PanelBlock = Math.Max(1, 256 / Tile.Width<V, S>());

    // Where k runs across the lines of memory, which then lie far apart, this many are packed for all strips or panels of a task before the next ones:
    // so each is read in one piece, and its cache lines once.
    private const int LinesAtOnce = 16;

    /// <summary>The units of four bytes of a packed B: its panels, and for scaled products a scale and a sum for each column.</summary>
    public static long PackedLength(int columns, int k) => (long)PaddedColumns(columns) * (PackedUnits(k) + (P.IsScaled ? 2 : 0));

    /// <summary>Packs a whole B: all panels of the first k block, then of the next.</summary>
    public static void PackB(WorkerPool pool, Scratch scratch, in Product product, float* packed)
    {
        var pass = new Pass { Of = product, KCount = product.K, Own = scratch.Own };
        pass.Place(packed);
        PackB(pool, ref pass);
    }

    public static void Run(WorkerPool pool, Scratch scratch, in Product product)
    {
        var pass = new Pass { Of = product, Own = scratch.Own };
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(product.Columns);
        var rowTasks = (product.Rows + RowBlock - 1) / RowBlock;

        // Few rows: the columns are cut as well, so that there is work for several threads. The cut follows from the shape alone.
        pass.ColumnTasks = rowTasks >= 16 ? 1 : (panels + PanelBlock - 1) / PanelBlock;
        if (pass.ColumnTasks > 1 && rowTasks == 1)
        {
            pass.ColumnTasks = Math.Min(panels, pass.ColumnTasks * 4);
        }

        if (product.K == 0)
        {
            return;
        }

        // A scale is one of a whole column, so what is scaled takes all of k in one pass.
        var passK = product.K;
        if (product.BPacked is null && !P.IsScaled)
        {
            passK = Math.Max(1, PassUnits / (panels * width) / BlockUnits) * P.Block;
        }

        for (var k = 0; k < product.K; k += passK)
        {
            pass.KStart = k;
            pass.KCount = Math.Min(passK, product.K - k);
            var lengthOfB = product.BPacked is null ? PackedLength(product.Columns, pass.KCount) : 0;
            var lengthOfA = pass.ColumnTasks > 1 ? rowTasks * LengthOfRows(pass.KCount) : 0;
            var shared = lengthOfA + lengthOfB > 0 ? scratch.Shared(lengthOfA + lengthOfB) : null;
            pass.Place(product.BPacked is null ? shared + lengthOfA : product.BPacked);
            if (product.BPacked is null)
            {
                PackB(pool, ref pass);
            }

            if (pass.ColumnTasks > 1)
            {
                pass.Rows = shared;
                pool.Run(rowTasks * BlocksOf(pass.KCount), &PackRowBlock, &pass);
            }

            pool.Run(rowTasks * pass.ColumnTasks, &Block, &pass);
        }
    }

    private static int PanelsOf(int columns)
    {
        var width = Tile.Width<V, S>();
        return (columns + width - 1) / width;
    }

    private static int PaddedColumns(int columns) => PanelsOf(columns) * Tile.Width<V, S>();

    /// <summary>The units of a packed column: those of its whole blocks and of the last one.</summary>
    private static int PackedUnits(int k) => k / P.Block * BlockUnits + P.Units(k % P.Block);

    private static int BlocksOf(int k) => (k + P.Block - 1) / P.Block;

    /// <summary>Where the panel's part of a block of k begins.</summary>
    private static float* PanelAt(float* panels, int count, int k, int panel, int units) =>
        panels + ((nint)(k / P.Block * BlockUnits) * count + (nint)panel * units) * Tile.Width<V, S>();

    private static void PackB(WorkerPool pool, ref Pass pass)
    {
        var panels = PanelsOf(pass.Of.Columns);
        fixed (Pass* state = &pass)
        {
            if (pass.Of.BTransposed)
            {
                pool.Run(panels, &PackPanel, state);
            }
            else
            {
                pool.Run((panels + PanelBlock - 1) / PanelBlock * BlocksOf(pass.KCount), &PackAcross, state);
            }
        }
    }

    /// <summary>Packs a panel of a B that is kept as [columns, k].</summary>
    private static void PackPanel(void* state, int panel, int slot)
    {
        ref var pass = ref *(Pass*)state;
        ref var g = ref pass.Of;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(g.Columns);
        var column = panel * width;
        var lines = new Lines { Stride = g.BStride, Count = Math.Min(width, g.Columns - column), Width = width, Room = pass.Own[slot] };
        if (P.IsScaled)
        {
            lines.Scales = pass.ColumnScales + column;
            lines.Sums = pass.ColumnSums + column;
            new Span<float>(lines.Scales, width).Clear();
            new Span<int>(lines.Sums, width).Clear();
            for (var i = 0; i < lines.Count; i++)
            {
                lines.Scales[i] = Quantization.Scale<V, S>(g.B + (column + i) * g.BStride, g.K);
            }
        }

        for (var k = 0; k < pass.KCount; k += P.Block)
        {
            lines.K = Math.Min(P.Block, pass.KCount - k);
            lines.Source = g.B + column * g.BStride + pass.KStart + k;
            P.PackColumns(lines, PanelAt(pass.Panels, panels, k, panel, P.Units(lines.K)));
        }
    }

    /// <summary>Packs some panels of a B that is kept as [k, columns], for a block of k.</summary>
    private static void PackAcross(void* state, int task, int slot)
    {
        ref var pass = ref *(Pass*)state;
        ref var g = ref pass.Of;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(g.Columns);
        var blocks = BlocksOf(pass.KCount);
        var (firstPanel, k) = (task / blocks * PanelBlock, task % blocks * P.Block);
        var lastPanel = Math.Min(firstPanel + PanelBlock, panels);
        var length = Math.Min(P.Block, pass.KCount - k);
        var units = P.Units(length);
        var lines = new Lines { Stride = g.BStride, Across = true, Width = width, Room = pass.Own[slot] };
        for (var from = 0; from < length; from += LinesAtOnce)
        {
            lines.K = Math.Min(LinesAtOnce, length - from);
            for (var panel = firstPanel; panel < lastPanel; panel++)
            {
                lines.Source = g.B + (pass.KStart + k + from) * g.BStride + panel * width;
                lines.Count = Math.Min(width, g.Columns - panel * width);
                P.PackColumns(lines, PanelAt(pass.Panels, panels, k, panel, units) + (nint)P.Units(from) * width);
            }
        }
    }

    /// <summary>The units of the packed rows of one task: for each row a scale, then the strips of each block of k.</summary>
    private static long LengthOfRows(int k) => RowBlock + (long)MostRows * PackedUnits(k);

    /// <summary>Where the strips of a task begin for a block of k.</summary>
    private static float* StripsAt(in Pass pass, int rowTask, int k) =>
        pass.Rows + rowTask * LengthOfRows(pass.KCount) + RowBlock + (nint)MostRows * (k / P.Block * BlockUnits);

    /// <summary>Packs the rows of a task for a block of k, where several tasks need them.</summary>
    private static void PackRowBlock(void* state, int task, int slot)
    {
        ref var pass = ref *(Pass*)state;
        ref var g = ref pass.Of;
        var blocks = BlocksOf(pass.KCount);
        var (rowTask, k) = (task / blocks, task % blocks * P.Block);
        var row = rowTask * RowBlock;
        var rows = Math.Min(RowBlock, g.Rows - row);

        // Each block of k computes the scales for itself; the first one's are kept.
        var scales = k == 0 ? pass.Rows + rowTask * LengthOfRows(pass.KCount) : pass.Own[slot];
        ScaleRows(ref g, row, rows, scales);
        PackRows(ref g, row, rows, pass.KStart + k, Math.Min(P.Block, pass.KCount - k), StripsAt(pass, rowTask, k), scales, pass.Own[slot] + RowBlock);
    }

    private static void ScaleRows(ref Product g, int row, int rows, float* scales)
    {
        for (var r = 0; r < rows && P.IsScaled; r++)
        {
            scales[r] = Quantization.Scale<V, S>(g.A + (row + r) * g.AStride, g.K);
        }
    }

    private static void Block(void* state, int task, int slot)
    {
        ref var pass = ref *(Pass*)state;
        ref var g = ref pass.Of;
        var width = Tile.Width<V, S>();
        var panels = PanelsOf(g.Columns);
        var rowTask = task / pass.ColumnTasks;
        var row = rowTask * RowBlock;
        var rows = Math.Min(RowBlock, g.Rows - row);
        var part = task % pass.ColumnTasks;
        var firstPanel = (int)((long)panels * part / pass.ColumnTasks);
        var lastPanel = (int)((long)panels * (part + 1) / pass.ColumnTasks);
        if (firstPanel == lastPanel)
        {
            return;
        }

        var tallest = Tile.Height<V, S>();
        var isPacked = pass.ColumnTasks > 1;
        var corner = pass.Own[slot];
        var strips = corner + tallest * width + RowBlock;
        var room = strips + (nint)MostRows * BlockUnits;
        var scales = isPacked ? pass.Rows + rowTask * LengthOfRows(pass.KCount) : corner + tallest * width;
        if (!isPacked)
        {
            ScaleRows(ref g, row, rows, scales);
        }

        for (var k = 0; k < pass.KCount; k += P.Block)
        {
            var length = Math.Min(P.Block, pass.KCount - k);
            var units = P.Units(length);
            if (isPacked)
            {
                strips = StripsAt(pass, rowTask, k);
            }
            else
            {
                PackRows(ref g, row, rows, pass.KStart + k, length, strips, scales, room);
            }

            var accumulate = g.Accumulate || pass.KStart + k > 0;
            var last = pass.KStart + k + length == g.K;
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
                        var b = PanelAt(pass.Panels, panels, k, panel, units);
                        var column = panel * width;
                        var c = g.C + (row + r) * g.CStride + column;
                        var columns = Math.Min(width, g.Columns - column);
                        if (real == height && columns == width)
                        {
                            P.Tile(height, strip, b, c, g.CStride, units, accumulate);
                        }
                        else
                        {
                            Edge(height, strip, b, c, g.CStride, real, columns, units, accumulate, corner);
                        }
                    }

                    if (last)
                    {
                        var from = block * width;
                        var c = g.C + (row + r) * g.CStride + from;
                        var columns = Math.Min(end * width, g.Columns) - from;
                        if (P.IsScaled)
                        {
                            P.Rescale(c, g.CStride, real, columns, scales + r, pass.ColumnScales + from, pass.ColumnSums + from);
                        }

                        if (!g.Epilogue.IsNone)
                        {
                            Elementwise<V, S>.Finish(c, g.CStride, real, columns, g.Epilogue, row + r, from);
                        }
                    }

                    strip += (nint)height * units;
                    r += real;
                }
            }
        }
    }

    private static void PackRows(ref Product g, int row, int rows, int k, int length, float* strips, float* scales, float* room)
    {
        var tallest = Tile.Height<V, S>();
        var units = P.Units(length);
        var lines = new Lines { Stride = g.AStride, Across = g.ATransposed, Room = room };
        var part = g.ATransposed ? LinesAtOnce : length;
        for (var from = 0; from < length; from += part)
        {
            var strip = strips;
            lines.K = Math.Min(part, length - from);
            for (var r = 0; r < rows; r += lines.Count)
            {
                lines.Width = Tile.StripHeight(rows - r, tallest);
                lines.Count = Math.Min(lines.Width, rows - r);
                lines.Source = g.A + (g.ATransposed ? (k + from) * g.AStride + row + r : (row + r) * g.AStride + k);
                lines.Scales = scales + r;
                P.PackRows(lines, strip + (nint)P.Units(from) * lines.Width);
                strip += (nint)lines.Width * units;
            }
        }
    }

    /// <summary>A tile at the border of C, by way of a full tile in scratch memory.</summary>
    private static void Edge(
        int height, float* strip, float* b, float* c, nint cStride, int rows, int columns, int units, bool accumulate, float* corner)
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

        P.Tile(height, strip, b, corner, width, units, accumulate);
        for (var r = 0; r < rows; r++)
        {
            for (var j = 0; j < columns; j++)
            {
                c[r * cStride + j] = corner[r * width + j];
            }
        }
    }

    /// <summary>A product, and the pass of it that is under way: k in [KStart, KStart + KCount).</summary>
    private struct Pass
    {
        public Product Of;
        public float* Panels;

        /// <summary>The packed rows of A, where tasks share them.</summary>
        public float* Rows;
        public float* ColumnScales;
        public int* ColumnSums;
        public int KStart;
        public int KCount;
        public int ColumnTasks;
        public float** Own;

        /// <summary>Where the parts of a packed B are.</summary>
        public void Place(float* packed)
        {
            Panels = packed;
            if (P.IsScaled)
            {
                ColumnScales = packed + (nint)PaddedColumns(Of.Columns) * PackedUnits(Of.K);
                ColumnSums = (int*)ColumnScales + PaddedColumns(Of.Columns);
            }
        }
    }
}
