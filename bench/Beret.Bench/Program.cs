using System.Diagnostics;
using Beret.Numerics;

unsafe
{
    var threads = args.Length > 0 ? int.Parse(args[0]) : 2;
    var be = CpuBackend.Create(threads);
    Matrix New(int r, int c) { var m = new Matrix(be.Allocate((long)r * c * 4), r, c); var rnd = new Random(1); var v = new float[r * c]; for (var i = 0; i < v.Length; i++) v[i] = (float)(rnd.NextDouble() - 0.5); be.Write(v, m); return m; }
    double Time(Action a) { a(); a(); var best = 1e9; for (var i = 0; i < 7; i++) { var t = Stopwatch.GetTimestamp(); a(); best = Math.Min(best, Stopwatch.GetElapsedTime(t).TotalSeconds); } return best; }
    foreach (var (t, n, k) in new[] { (4096, 384, 384), (4096, 1536, 384), (4096, 384, 1536), (4096, 1152, 384), (4096, 1024, 1024), (16, 1536, 384) })
    {
        var x = New(t, k); var w = New(n, k); var b = New(1, n); var y = New(t, n); var d = New(t, n); var dw = New(n, k); var db = New(1, n);
        var fl = 2.0 * t * n * k;
        var f1 = Time(() => be.Linear(x, w, Matrix.None, b, Activation.None, Matrix.None, y));
        var p = new Matrix(be.Allocate(be.PackedLength(n, k) * 4), 1, (int)be.PackedLength(n, k)); be.PackWeight(w, p);
        var f2 = Time(() => be.Linear(x, w, p, b, Activation.None, Matrix.None, y));
        var f3 = Time(() => be.Linear(x, w, p, b, Activation.Gelu, d, y));
        var g1 = Time(() => be.LinearInputGradient(y, w, x, false));
        var g2 = Time(() => be.LinearWeightGradient(y, x, dw, db));
        Console.WriteLine($"T{t} N{n} K{k}: fwd {fl / f1 / 1e9:f0} packed {fl / f2 / 1e9:f0} gelu+d {fl / f3 / 1e9:f0} dX {fl / g1 / 1e9:f0} dW {fl / g2 / 1e9:f0} GFLOP/s");
    }
    {
        int T = 4096, H = 384;
        var qkv = New(T, 3 * H); var ctx = New(T, H); var lse = New(12, T); var dctx = New(T, H); var dqkv = New(T, 3 * H);
        var st = new Indices(be.Allocate(33 * 4), 33); be.Write(Enumerable.Range(0, 33).Select(i => i * 128).ToArray(), st);
        foreach (var dr in new[] { Dropout.None, new Dropout(1, 2, 3, 6554) })
        {
            var a = Time(() => be.Attention(qkv, st, 128, 12, dr, lse, ctx));
            var bk = Time(() => be.AttentionGradient(qkv, st, 128, 12, dr, lse, ctx, dctx, dqkv));
            var fl = 4.0 * T * 128 * H;
            Console.WriteLine($"attention fwd {a * 1e3:f2} ms {fl / a / 1e9:f0} GF/s, bwd {bk * 1e3:f2} ms {2.5 * fl / bk / 1e9:f0} GF/s");
        }
        var x = New(T, H); var h = New(T, H); var g = New(1, H); var bt = New(1, H); var s = New(T, 2); var y = New(T, H); var dg = New(1, H); var dbt = New(1, H); var dx = New(T, H); var dh = New(T, H);
        var drop = new Dropout(1, 2, 3, 6554);
        Console.WriteLine($"residual LN {Time(() => be.ResidualLayerNorm(x, h, drop, g, bt, 1e-12f, s, y)) * 1e3:f2} ms, nodrop {Time(() => be.ResidualLayerNorm(x, h, Dropout.None, g, bt, 1e-12f, s, y)) * 1e3:f2}, grad {Time(() => be.LayerNormGradient(y, h, s, g, dg, dbt, dx, false, dh, drop)) * 1e3:f2} ms");
        var w = New(22_000, 1024); var gr = New(22_000, 1024); var m = New(22000, 1024); var v = New(22000, 1024); be.Clear(v);
        var ad = Time(() => be.AdamW(w, gr, m, v, new AdamWStep(0, 1e-9f, .9f, .999f, 1e-6f, 1, 1)));
        Console.WriteLine($"adam {ad * 1e3:f1} ms {22000 * 1024 * 28.0 / ad / 1e9:f1} GB/s; norm {Time(() => be.SquaredNorm(gr)) * 1e3:f1} ms");
    }
}
