namespace Beret.Server;

/// <summary>What is wrong with a request, or with the server's state; each protocol has its own code for each.</summary>
public enum ServingError
{
    /// <summary>The request is not as it has to be.</summary>
    InvalidArgument,

    /// <summary>The request has no key, or one that is not known.</summary>
    Unauthenticated,

    /// <summary>The request calls the server by a name that it does not answer to.</summary>
    Misdirected,

    /// <summary>There is no such model, version or path.</summary>
    NotFound,

    /// <summary>The request has more bytes, texts or characters than the server takes.</summary>
    TooLarge,

    /// <summary>There is more work waiting than the server takes.</summary>
    Overloaded,

    /// <summary>The server is starting or stopping.</summary>
    Unavailable,

    /// <summary>The answer was not there in time.</summary>
    DeadlineExceeded,

    /// <summary>The protocol has it, and this server does not.</summary>
    Unimplemented,

    /// <summary>A defect.</summary>
    Internal,
}

/// <summary>A request that is not answered, and why.</summary>
public sealed class ServingException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public ServingException(ServingError error, string message, Exception? inner = null) : base(message, inner) => Error = error;

    /// <summary>What kind of error it is.</summary>
    public ServingError Error { get; }

    /// <summary>When it is worth while to ask again; null where that does not help or is not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static ServingException Invalid(string message) => new(ServingError.InvalidArgument, message);

    internal static ServingException NotFound(string message) => new(ServingError.NotFound, message);

    internal static ServingException TooManyTexts(long texts, int most) => new(ServingError.TooLarge, $"the request has {texts} texts; the server takes {most} at once");
}
