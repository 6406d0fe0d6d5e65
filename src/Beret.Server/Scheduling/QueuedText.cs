using Beret.Tokens;

namespace Beret.Server.Scheduling;

/// <summary>One text of a request on its way through the queue.</summary>
internal sealed class QueuedText(TextRequest request, int index, EncodedText encoded)
{
    public TextRequest Request { get; } = request;

    /// <summary>Its place in the request.</summary>
    public int Index { get; } = index;

    public EncodedText Encoded { get; } = encoded;

    /// <summary>What it costs.</summary>
    public int Tokens => Encoded.Count;

    /// <summary>The scheduler's own: when it came, in the clock's ticks.</summary>
    public long Arrived { get; set; }

    /// <summary>The queue's own: the virtual time at which its turn comes, in tokens.</summary>
    public long Start { get; set; }

    /// <summary>The queue's own: how many texts came before it.</summary>
    public long Number { get; set; }
}
