using System.Diagnostics.CodeAnalysis;

namespace Beret.Models;

/// <summary>The sizes of an encoder whose classifier brings a dense layer of its own in the place of a pooler.</summary>
internal record PoolerlessConfig : EncoderConfig
{
    [SetsRequiredMembers]
    public PoolerlessConfig(EncoderConfig sizes)
        : base(sizes)
    {
    }

    public override bool BringsPooler => false;
}
