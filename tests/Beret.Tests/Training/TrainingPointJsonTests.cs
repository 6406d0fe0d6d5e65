using System.Text.Json;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Tests.Training;

public class TrainingPointJsonTests
{
    [Theory]
    [InlineData(0.75, 0.5, 0.8)]
    [InlineData(double.NaN, 0.5, 0.8)]
    [InlineData(double.NaN, 0.5, null)]
    [InlineData(0.75, null, null)]
    public void APointOfAnyTaskIsReadAsItWasWritten(double accuracy, double? validationLoss, double? figure)
    {
        var point = new TrainingPoint(2, 30, 0.6, accuracy, validationLoss, figure, 12.5, EndsEpoch: true);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            TrainingPointJson.Write(writer, point);
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(point, TrainingPointJson.Read(document.RootElement));
    }
}
