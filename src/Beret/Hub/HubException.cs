using System.Net;

namespace Beret.Hub;

/// <summary>A model or data set could not be found or downloaded. The message says what to fetch and where to put it.</summary>
public sealed class HubException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public HubException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public HubException(string message, Exception? inner) : base(message, inner)
    {
    }

    /// <summary>What the server answered, where it is an answer that made the download fail.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>Whether the server was not reached, or not long enough.</summary>
    internal bool IsUnreachable { get; init; }
}
