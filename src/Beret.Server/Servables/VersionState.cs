namespace Beret.Server.Servables;

/// <summary>The life of a version, with the names that TensorFlow Serving has for it.</summary>
internal enum VersionState
{
    Start,
    Loading,
    Available,
    Unloading,
    End,
}
