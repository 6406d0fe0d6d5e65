using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Beret.Tests.Hub;

/// <summary>What the server has under one path and how it behaves.</summary>
public sealed record ServedFile(byte[] Body)
{
    public string? ETag { get; init; }

    public string? LastModified { get; init; }

    /// <summary>Answer everything with the whole file.</summary>
    public bool IgnoresRanges { get; init; }

    /// <summary>Answer a range even where If-Range names another version.</summary>
    public bool IgnoresIfRange { get; init; }

    /// <summary>Close the connection after this many bytes of a body.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Cut only the first so many answers.</summary>
    public int Cuts { get; init; } = int.MaxValue;

    /// <summary>Send no Content-Length.</summary>
    public bool HidesLength { get; init; }

    /// <summary>After this many bytes send nothing more, and keep the connection.</summary>
    public int? SilentAfter { get; init; }

    /// <summary>Wait so long before an answer.</summary>
    public TimeSpan Delay { get; init; }

    public string? RedirectTo { get; init; }

    /// <summary>Answer with this status, e.g. <c>503 Busy</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Refuse with the status only the first so many times.</summary>
    public int Refusals { get; init; } = int.MaxValue;

    /// <summary>Whether answers say that ranges are given.</summary>
    public bool OffersRanges { get; init; }

    public string ExtraHeaders { get; init; } = "";
}

/// <summary>A small HTTP server on this machine: one request a connection, and as unreliable as a test wants it.</summary>
public sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, int> answers = new();

    public LoopbackServer()
    {
        listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public ConcurrentDictionary<string, ServedFile> Files { get; } = new();

    /// <summary>Every request: path, and the Range and If-Range headers where sent.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Every request's path and Authorization header, where sent.</summary>
    public ConcurrentQueue<(string Path, string? Authorization)> Authorizations { get; } = new();

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

    public Uri this[string path] => new(Address, path);

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync(stop.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(async () =>
            {
                using (client)
                {
                    try
                    {
                        await AnswerAsync(client.GetStream());
                    }
                    catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
                    {
                        // The client went away, which some tests want.
                    }
                }
            });
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        var (path, headers) = await ReadRequestAsync(stream);
        headers.TryGetValue("range", out var range);
        headers.TryGetValue("if-range", out var ifRange);
        Requests.Enqueue($"{path}{(range is null ? "" : $" {range}")}{(ifRange is null ? "" : $" if {ifRange}")}");
        Authorizations.Enqueue((path, headers.GetValueOrDefault("authorization")));
        if (!Files.TryGetValue(path, out var file))
        {
            await WriteAsync(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }

        var count = answers.AddOrUpdate(path, 1, (_, n) => n + 1);
        if (file.Delay > TimeSpan.Zero)
        {
            await Task.Delay(file.Delay, stop.Token);
        }

        if (file.RedirectTo is not null)
        {
            await WriteAsync(stream, $"HTTP/1.1 302 Found\r\nLocation: {file.RedirectTo}\r\n{file.ExtraHeaders}Content-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }

        if (file.Status is not null && count <= file.Refusals)
        {
            await WriteAsync(stream, $"HTTP/1.1 {file.Status}\r\n{file.ExtraHeaders}Content-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }

        await SendFileAsync(stream, file, range, ifRange, mayCut: count <= file.Cuts);
    }

    private async Task SendFileAsync(NetworkStream stream, ServedFile file, string? range, string? ifRange, bool mayCut)
    {
        var start = 0;
        var stop = file.Body.Length;
        var head = new StringBuilder();
        if (range is not null && !file.IgnoresRanges && (ifRange is null || file.IgnoresIfRange || ifRange == file.ETag || ifRange == file.LastModified))
        {
            var bounds = range["bytes=".Length..].Split('-');
            start = int.Parse(bounds[0], CultureInfo.InvariantCulture);
            if (start >= file.Body.Length)
            {
                await WriteAsync(stream, $"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{file.Body.Length}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                return;
            }

            stop = bounds[1].Length == 0 ? stop : Math.Min(stop, int.Parse(bounds[1], CultureInfo.InvariantCulture) + 1);
            head.Append($"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{stop - 1}/{file.Body.Length}\r\n");
        }
        else
        {
            head.Append("HTTP/1.1 200 OK\r\n");
        }

        head.Append(file.ETag is null ? "" : $"ETag: {file.ETag}\r\n").Append(file.LastModified is null ? "" : $"Last-Modified: {file.LastModified}\r\n");
        head.Append(file.OffersRanges ? "Accept-Ranges: bytes\r\n" : "");
        head.Append(file.HidesLength ? "" : $"Content-Length: {stop - start}\r\n").Append(file.ExtraHeaders).Append("Connection: close\r\n\r\n");
        await WriteAsync(stream, head.ToString());
        var end = file.CutAfter is { } cut && mayCut ? Math.Min(start + cut, stop) : stop;
        end = file.SilentAfter is { } silent ? Math.Min(start + silent, end) : end;
        await stream.WriteAsync(file.Body.AsMemory(start..end), this.stop.Token);
        if (file.SilentAfter is not null)
        {
            await Task.Delay(Timeout.Infinite, this.stop.Token);
        }
    }

    private static async Task<(string Path, Dictionary<string, string> Headers)> ReadRequestAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var path = (await reader.ReadLineAsync() ?? throw new IOException("no request")).Split(' ')[1];
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        return (path, headers);
    }

    private async Task WriteAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), stop.Token);
}
