namespace Beret.Tests.Server;

/// <summary>One server for all tests of a class that leave it as it is.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal RunningServer Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Running = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}
