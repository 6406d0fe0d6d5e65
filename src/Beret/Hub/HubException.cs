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

    /// <summary>What kind of failure it is, for those who know another way.</summary>
    internal HubFault Fault { get; init; }

    /// <summary>Why it failed, as the rest of a sentence, without the advice that the message gives.</summary>
    internal string Cause { get => field ?? Message; init; }
}

/// <summary>Kinds of failure.</summary>
internal enum HubFault
{
    /// <summary>Something that another place or another time would not change.</summary>
    Other,

    /// <summary>The server was not reached, or not long enough.</summary>
    Unreachable,

    /// <summary>The server was reached, and what is wanted is not there or not for everybody.</summary>
    Missing,
}
