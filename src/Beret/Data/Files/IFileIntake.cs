namespace Beret.Data.Files;

/// <summary>What the files of a container go into, as they are come across.</summary>
internal interface IFileIntake
{
    /// <summary>Whether nothing more is wanted.</summary>
    bool IsComplete { get; }

    /// <summary>Whether a file is to be read, by its name.</summary>
    bool Wants(string path);

    /// <summary>Whether a wanted file is to be read, by its size; asked before memory is taken for it.</summary>
    /// <exception cref="DataException">It is needed, and larger than the limits allow.</exception>
    bool Admits(string path, long size);

    /// <summary>Receives the content of a file.</summary>
    void Take(string path, byte[] bytes);
}
