using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Beret.Server.Protocols.TensorFlow.Wire;
using Beret.Tests.Checkpoints;
using Google.Protobuf;
using Grpc.Net.Client;

namespace Beret.Tests.Server;

/// <summary>TLS with a certificate of PEM files, for HTTP and gRPC.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly X509Certificate2 certificate = Create();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        certificate.Dispose();
        temporary.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheServerSpeaksTls(bool isKeyApart)
    {
        var key = certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem();
        var file = temporary.Write("server.pem", certificate.ExportCertificatePem() + "\n" + (isKeyApart ? "" : key));
        var keyFile = isKeyApart ? temporary.Write("server.key", key) : null;
        await using var server = await RunningServer.StartAsync(settings => settings with { TlsCertificate = file, TlsKey = keyFile, GrpcPort = 0 });
        Assert.Equal("https", server.Server.Address.Scheme);

        using var handler = Trusting();
        using var client = new HttpClient(handler) { BaseAddress = server.Server.Address };
        using var body = new StringContent("""{"instances": ["a movie"]}""", Encoding.UTF8);
        using var answer = await client.PostAsync(new Uri("/v1/models/tiny:predict", UriKind.Relative), body, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        using var channel = GrpcChannel.ForAddress(server.Server.GrpcAddress!, new GrpcChannelOptions { HttpHandler = Trusting(), DisposeHttpClient = true });
        var request = new PredictRequest
        {
            ModelSpec = new ModelSpec { Name = "tiny" },
            Inputs = { ["text"] = new TensorProto { Dtype = DataType.DtString, TensorShape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dim { Size = 1 } } }, StringVal = { ByteString.CopyFromUtf8("a movie") } } },
        };
        var response = await new PredictionService.PredictionServiceClient(channel).PredictAsync(request, cancellationToken: Stop);
        Assert.Equal(server.Predict("tiny", "a movie").Logits, response.Outputs["classifier"].FloatVal);
    }

    private static X509Certificate2 Create()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>Takes the test's own certificate and no other.</summary>
    private HttpClientHandler Trusting() => new() { ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown?.Thumbprint == certificate.Thumbprint };
}
