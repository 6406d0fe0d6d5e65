using Microsoft.Extensions.Logging;

namespace Beret.Server.Operations;

/// <summary>Every line of the log. No text of a request is in any of them.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "model {Model}: version {Version} is being loaded from {Folder}")]
    public static partial void VersionLoading(this ILogger log, string model, long version, string folder);

    [LoggerMessage(2, LogLevel.Information, "model {Model}: version {Version} is ready ({Task}, {Labels} labels)")]
    public static partial void VersionLoaded(this ILogger log, string model, long version, string task, int labels);

    [LoggerMessage(3, LogLevel.Error, "model {Model}: version {Version} is refused until its files change: {Reason}; version {Served} stays")]
    public static partial void VersionRefused(this ILogger log, string model, long version, string reason, long? served);

    [LoggerMessage(4, LogLevel.Information, "model {Model}: version {Version} gives way to {Successor}")]
    public static partial void VersionReplaced(this ILogger log, string model, long version, long successor);

    [LoggerMessage(5, LogLevel.Information, "model {Model}: version {Version} is unloaded")]
    public static partial void VersionUnloaded(this ILogger log, string model, long version);

    [LoggerMessage(6, LogLevel.Warning, "model {Model}: its folder cannot be read: {Reason}")]
    public static partial void FolderUnreadable(this ILogger log, string model, string reason);

    [LoggerMessage(7, LogLevel.Information, "{Method} {Path} {Status} in {Milliseconds:F1} ms, client {Client}, request {RequestId}")]
    public static partial void Answered(this ILogger log, string method, string path, int status, double milliseconds, string client, string requestId);

    [LoggerMessage(8, LogLevel.Error, "a defect in {Method} {Path}, request {RequestId}")]
    public static partial void Defect(this ILogger log, Exception error, string method, string path, string requestId);

    [LoggerMessage(9, LogLevel.Warning, "listening on {Address}, which others can reach, without API keys: everybody who can reach it may use the models")]
    public static partial void Unprotected(this ILogger log, string address);

    [LoggerMessage(10, LogLevel.Error, "model {Model}, version {Version}: a text could not be computed")]
    public static partial void TextFailed(this ILogger log, Exception error, string model, long version);

    [LoggerMessage(11, LogLevel.Information, "listening on {Address}")]
    public static partial void Listening(this ILogger log, Uri address);

    [LoggerMessage(12, LogLevel.Information, "ready")]
    public static partial void Ready(this ILogger log);

    [LoggerMessage(13, LogLevel.Information, "stopping: no new requests; {Texts} texts wait for their answers")]
    public static partial void Stopping(this ILogger log, int texts);

    [LoggerMessage(14, LogLevel.Information, "stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(15, LogLevel.Information, "listening for gRPC on {Address}")]
    public static partial void ListeningForGrpc(this ILogger log, Uri address);
}
