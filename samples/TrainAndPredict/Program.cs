// Fine-tunes a classifier and asks it: dotnet run --project samples/TrainAndPredict -c Release -- MODEL_FOLDER DATA
using Beret.Data;
using Beret.Inference;
using Beret.Training;

var job = new TrainingJob
{
    ModelFolder = args[0],
    ModelName = "all-MiniLM-L6-v2",
    Data = DataSource.Open(args[1]).Load(DataSource.Train),
    DataName = args[1],
    Output = "runs/sample",
    Overwrite = true,
    Recipe = new TrainingRecipe { Epochs = 1, LearningRate = 5e-5 },
};
Console.WriteLine(new Trainer(job).Run().Validation?.ToTable());
using var classifier = Classifier.Load("runs/sample");
Console.WriteLine(classifier.Predict("this is such an amazing movie!"));
