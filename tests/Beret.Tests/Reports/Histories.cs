using System.Globalization;
using Beret.Reports;

namespace Beret.Tests.Reports;

/// <summary>Runs to draw: the tutorial's own five epochs and what else can happen.</summary>
internal static class Histories
{
    public static readonly TrainingHistory Tutorial = new()
    {
        StepsPerEpoch = 625,
        Epochs =
        [
            new(1, 625, 0.5688, 0.6675, 0.3916, 0.8320, 92),
            new(2, 1250, 0.3597, 0.8347, 0.3796, 0.8418, 84),
            new(3, 1875, 0.2708, 0.8851, 0.4096, 0.8408, 85),
            new(4, 2500, 0.2107, 0.9128, 0.4370, 0.8474, 84),
            new(5, 3125, 0.1565, 0.9363, 0.4855, 0.8482, 83),
        ],
    };

    public static readonly TrainingHistory OneEpoch = new() { Epochs = [Tutorial.Epochs[0]] };

    public static readonly TrainingHistory OneEpochWithSteps = OneEpoch with
    {
        StepsPerEpoch = 625,
        Steps = [.. Enumerable.Range(1, 62).Select(i => new StepRecord(10 * i, 0.7 - 0.004 * i, 0.5 + 0.005 * i, 3e-5))],
    };

    public static readonly TrainingHistory NoValidation = new() { Epochs = [.. Tutorial.Epochs.Select(e => e with { ValidationLoss = null, ValidationAccuracy = null })] };

    public static readonly TrainingHistory Diverged = new()
    {
        Epochs = [Tutorial.Epochs[0], Tutorial.Epochs[1] with { TrainingLoss = double.NaN, ValidationLoss = double.PositiveInfinity }, Tutorial.Epochs[2] with { TrainingLoss = 1e300 }],
    };

    public static readonly TrainingHistory Flat = new() { Epochs = [.. Enumerable.Range(1, 3).Select(i => new EpochRecord(i, i, 0, 1, 0, 1, 1))] };

    public static readonly TrainingHistory Long = new()
    {
        Epochs = [.. Enumerable.Range(1, 200).Select(i => new EpochRecord(i, i * 100, 1.0 / i, 1 - 0.5 / i, 1.1 / i, 1 - 0.6 / i, 1))],
        Steps = [.. Enumerable.Range(1, 20000).Select(i => new StepRecord(i, 100.0 / (i + 99), null, 1e-5))],
    };

    public static readonly TrainingHistory ManyValidations = new()
    {
        StepsPerEpoch = 100,
        Validations = [new(25, 0.6, 0.7), new(50, 0.5, 0.75), new(75, 0.45, 0.8)],
        Steps = [new(25, 0.65, 0.65, 1e-5), new(50, 0.55, 0.7, 1e-5), new(75, 0.5, 0.75, 1e-5)],
    };

    public static readonly (string Name, TrainingHistory History)[] All =
    [
        ("tutorial", Tutorial), ("one epoch", OneEpoch), ("one epoch with steps", OneEpochWithSteps), ("no validation", NoValidation), ("diverged", Diverged),
        ("flat", Flat), ("long", Long), ("many validations", ManyValidations), ("nothing", new TrainingHistory()),
    ];

    /// <summary>Does something on a thread whose culture writes 1,5 and 1.000.</summary>
    public static T InCommaCulture<T>(Func<T> render)
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        comma.NumberFormat.NumberGroupSeparator = ".";
        comma.NumberFormat.NegativeSign = "−";
        CultureInfo.CurrentCulture = comma;
        try
        {
            return render();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
