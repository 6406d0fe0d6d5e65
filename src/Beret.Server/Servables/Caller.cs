namespace Beret.Server.Servables;

/// <summary>Who asks.</summary>
/// <param name="Client">Who takes turns with others: the name of the key, or the address.</param>
/// <param name="Cancellation">Cancelled when the caller has gone.</param>
internal readonly record struct Caller(string Client, CancellationToken Cancellation);
