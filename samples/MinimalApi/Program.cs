// A classifier within an application of your own:
//
//   dotnet run -c Release --project samples/MinimalApi -- runs/imdb
//   curl -d '["this is such an amazing movie!"]' -H 'Content-Type: application/json' localhost:5000/classify
using Beret.Extensions;
using Beret.Inference;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddBeret(args is [var folder, ..] ? folder : "runs/quickstart");

var app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/classify", (string[] texts, Classifier classifier) =>
    classifier.Predict(texts).Select((prediction, i) => new { text = texts[i], label = prediction.Label, score = prediction.Score }));
app.Run();
