using Beret.Server.Servables;
using Beret.Tasks;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>A signature that a model is called by.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">What it is for, as TensorFlow names it.</param>
/// <param name="Inputs">The names of its inputs, in order: of predict the texts, each a vector of strings; else the serialized examples.</param>
internal sealed record TensorFlowSignature(string Name, string Method, IReadOnlyList<string> Inputs)
{
    /// <summary>The signature that is used where none is named: that of the tutorial's model, which takes <c>text</c> and gives <c>classifier</c>, the logits.</summary>
    public const string Default = "serving_default";

    public const string PredictMethod = "tensorflow/serving/predict";
    public const string ClassifyMethod = "tensorflow/serving/classify";
    public const string RegressMethod = "tensorflow/serving/regress";

    /// <summary>The inputs, and the features of an example, that texts are in.</summary>
    public const string TextInput = "text";

    public const string PairInput = "pair";

    /// <summary>The output of the tutorial's model.</summary>
    public const string Output = "classifier";

    public static TensorFlowSignature Serving { get; } = new(Default, PredictMethod, [TextInput]);

    public static TensorFlowSignature Pairs { get; } = new("serving_pairs", PredictMethod, [PairInput, TextInput]);

    public static TensorFlowSignature Classify { get; } = new(ClassifyMethod, ClassifyMethod, ["inputs"]);

    public static TensorFlowSignature Regress { get; } = new(RegressMethod, RegressMethod, ["inputs"]);

    /// <summary>All signatures of a model.</summary>
    public static IReadOnlyList<TensorFlowSignature> Of(ModelVersion model) => [Serving, Pairs, model.Task == TaskNames.Regression ? Regress : Classify];

    /// <summary>The signature for a call of predict.</summary>
    /// <exception cref="ServingException">There is none of that name, or it is for something else.</exception>
    public static TensorFlowSignature ForPredict(ModelVersion model, string name)
    {
        var wanted = name.Length == 0 ? Default : name;
        var found = Of(model).FirstOrDefault(signature => signature.Name == wanted)
            ?? throw ServingException.Invalid($"Serving signature name: \"{wanted}\" not found in signature def");
        return found.Method == PredictMethod ? found : throw ServingException.Invalid(
            $"Expected prediction signature method_name to be {PredictMethod}. Was: {found.Method}");
    }

    /// <summary>
    /// Checks the signature of a call of classify or regress. Where TensorFlow would take <see cref="Default"/> for want of a name, and then refuse it, the model's own is taken.
    /// </summary>
    /// <exception cref="ServingException">There is none of that name, or it is for something else.</exception>
    public static void CheckExamples(ModelVersion model, string name, TensorFlowSignature wanted)
    {
        var kind = wanted == Classify ? "classification" : "regression";
        var signatures = Of(model);
        var found = name.Length == 0
            ? signatures.FirstOrDefault(signature => signature == wanted) ?? signatures[^1]
            : signatures.FirstOrDefault(signature => signature.Name == name) ?? throw ServingException.Invalid($"No signature was found with the name: {name}");
        if (found != wanted)
        {
            throw ServingException.Invalid($"Expected {kind} signature method_name to be {wanted.Method}. Was: {found.Method}");
        }
    }
}
