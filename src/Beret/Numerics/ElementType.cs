namespace Beret.Numerics;

/// <summary>The type of a matrix element.</summary>
internal enum ElementType : byte
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>Signed 8-bit integer with a scale kept beside it.</summary>
    Int8,
}
