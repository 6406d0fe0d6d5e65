namespace Beret.Numerics;

/// <summary>
/// Philox4x32-10: a counter-based generator (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
/// Its output is a pure function of a 128-bit counter and a 64-bit key.
/// </summary>
internal static class Philox
{
    public const uint MultiplierA = 0xD2511F53;
    public const uint MultiplierB = 0xCD9E8D57;
    public const uint WeylA = 0x9E3779B9;
    public const uint WeylB = 0xBB67AE85;
    public const int Rounds = 10;

    /// <summary>The four 32-bit words of counter (x, y, z, w) under a key.</summary>
    public static (uint X, uint Y, uint Z, uint W) Next(uint x, uint y, uint z, uint w, ulong key)
    {
        var keyA = (uint)key;
        var keyB = (uint)(key >> 32);
        for (var round = 0; round < Rounds; round++)
        {
            var a = (ulong)MultiplierA * x;
            var b = (ulong)MultiplierB * z;
            (x, y, z, w) = ((uint)(b >> 32) ^ y ^ keyA, (uint)b, (uint)(a >> 32) ^ w ^ keyB, (uint)a);
            keyA += WeylA;
            keyB += WeylB;
        }

        return (x, y, z, w);
    }
}
