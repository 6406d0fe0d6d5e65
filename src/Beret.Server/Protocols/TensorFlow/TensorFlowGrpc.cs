using Beret.Inference;
using Beret.Server.Protocols.TensorFlow.Wire;
using Beret.Server.Scheduling;
using Beret.Server.Servables;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using ModelSpec = Beret.Server.Servables.ModelSpec;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>TensorFlow Serving's PredictionService over gRPC.</summary>
internal sealed class TensorFlowGrpc(GrpcCalls calls) : PredictionService.PredictionServiceBase
{
    /// <summary>What the metrics call both services.</summary>
    public const string Protocol = "tensorflow-grpc";

    private const string SignatureField = "signature_def";

    public override Task<PredictResponse> Predict(PredictRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, async caller =>
    {
        var model = Acquire(request.ModelSpec);
        try
        {
            var signature = TensorFlowSignature.ForPredict(model, request.ModelSpec.SignatureName);
            CheckNames(request, signature);
            var texts = PredictRequestReader.Join(signature.Inputs.ToDictionary(name => name, name => TensorFlowTensors.Texts(request.Inputs[name], calls.Services.Server.MostTexts)));
            var predictions = await ClassifyAsync(model, texts, caller).ConfigureAwait(false);
            return new PredictResponse { ModelSpec = SpecOf(model, signature.Name), Outputs = { [TensorFlowSignature.Output] = TensorFlowTensors.Logits(predictions) } };
        }
        finally
        {
            model.Release();
        }
    });

    public override Task<ClassificationResponse> Classify(ClassificationRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, async caller =>
    {
        var (model, predictions) = await AnswerExamplesAsync(request.ModelSpec, request.Input, TensorFlowSignature.Classify, caller).ConfigureAwait(false);
        return new ClassificationResponse { ModelSpec = SpecOf(model, TensorFlowSignature.ClassifyMethod), Result = Classifications(model, predictions) };
    });

    public override Task<RegressionResponse> Regress(RegressionRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, async caller =>
    {
        var (model, predictions) = await AnswerExamplesAsync(request.ModelSpec, request.Input, TensorFlowSignature.Regress, caller).ConfigureAwait(false);
        return new RegressionResponse { ModelSpec = SpecOf(model, TensorFlowSignature.RegressMethod), Result = Regressions(predictions) };
    });

    public override Task<MultiInferenceResponse> MultiInference(MultiInferenceRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, async caller =>
    {
        if (request.Tasks.Count == 0)
        {
            throw ServingException.Invalid("Inference request requires at least one task.");
        }

        var response = new MultiInferenceResponse();
        foreach (var task in request.Tasks)
        {
            var wanted = task.MethodName switch
            {
                TensorFlowSignature.ClassifyMethod => TensorFlowSignature.Classify,
                TensorFlowSignature.RegressMethod => TensorFlowSignature.Regress,
                _ => throw new ServingException(ServingError.Unimplemented, $"Unsupported signature method_name: {task.MethodName}"),
            };
            var (model, predictions) = await AnswerExamplesAsync(task.ModelSpec, request.Input, wanted, caller).ConfigureAwait(false);
            var result = new InferenceResult { ModelSpec = SpecOf(model, wanted.Name) };
            if (wanted == TensorFlowSignature.Classify)
            {
                result.ClassificationResult = Classifications(model, predictions);
            }
            else
            {
                result.RegressionResult = Regressions(predictions);
            }

            response.Results.Add(result);
        }

        return response;
    });

    public override Task<GetModelMetadataResponse> GetModelMetadata(GetModelMetadataRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, caller =>
    {
        if (request.MetadataField.Count == 0)
        {
            throw ServingException.Invalid("GetModelMetadataRequest must specify at least one metadata_field");
        }

        if (request.MetadataField.FirstOrDefault(field => field != SignatureField) is { } unknown)
        {
            throw ServingException.Invalid($"Metadata field {unknown} is not supported");
        }

        var model = Acquire(request.ModelSpec);
        try
        {
            var signatures = new SignatureDefMap();
            foreach (var signature in TensorFlowSignature.Of(model))
            {
                signatures.SignatureDef.Add(signature.Name, Define(model, signature));
            }

            return Task.FromResult(new GetModelMetadataResponse { ModelSpec = SpecOf(model, ""), Metadata = { [SignatureField] = Any.Pack(signatures) } });
        }
        finally
        {
            model.Release();
        }
    });

    /// <summary>Which model a request means.</summary>
    /// <exception cref="ServingException">It does not say.</exception>
    public static ModelSpec Read(Wire.ModelSpec? spec) => string.IsNullOrEmpty(spec?.Name)
        ? throw ServingException.Invalid("Missing ModelSpec")
        : new ModelSpec(spec.Name, spec.Version, spec.VersionChoiceCase == Wire.ModelSpec.VersionChoiceOneofCase.VersionLabel ? spec.VersionLabel : null);

    private static void CheckNames(PredictRequest request, TensorFlowSignature signature)
    {
        if (!request.Inputs.Keys.ToHashSet().SetEquals(signature.Inputs))
        {
            var missing = signature.Inputs.Except(request.Inputs.Keys);
            var extra = request.Inputs.Keys.Except(signature.Inputs);
            throw ServingException.Invalid(
                $"input size does not match signature: {request.Inputs.Count}!={signature.Inputs.Count} len({{{string.Join(',', request.Inputs.Keys)}}}) != len({{{string.Join(',', signature.Inputs)}}}). "
                + $"Sent extra: {{{string.Join(',', extra)}}}. Missing but required: {{{string.Join(',', missing)}}}.");
        }

        if (request.OutputFilter.FirstOrDefault(name => name != TensorFlowSignature.Output) is { } unknown)
        {
            throw ServingException.Invalid($"output tensor alias not found in signature: {unknown} Outputs expected to be in the set {{{TensorFlowSignature.Output}}}.");
        }
    }

    private static ClassificationResult Classifications(ModelVersion model, IReadOnlyList<Prediction> predictions)
    {
        var result = new ClassificationResult();
        foreach (var prediction in predictions)
        {
            var classes = new Classifications();
            classes.Classes.AddRange(model.Labels.Select((label, i) => new Class { Label = label, Score = (float)prediction.Probabilities[i] }));
            result.Classifications.Add(classes);
        }

        return result;
    }

    private static RegressionResult Regressions(IReadOnlyList<Prediction> predictions)
    {
        var result = new RegressionResult();
        result.Regressions.AddRange(predictions.Select(prediction => new Regression { Value = (float)prediction.Score }));
        return result;
    }

    private static SignatureDef Define(ModelVersion model, TensorFlowSignature signature)
    {
        var definition = new SignatureDef { MethodName = signature.Method };
        foreach (var input in signature.Inputs)
        {
            definition.Inputs.Add(input, new TensorInfo { Name = TensorFlowModels.TensorName(signature, input), Dtype = DataType.DtString, TensorShape = TensorFlowTensors.Shape([-1]) });
        }

        foreach (var (name, type, shape) in TensorFlowModels.Outputs(model, signature))
        {
            definition.Outputs.Add(name, new TensorInfo
            {
                Name = TensorFlowModels.OutputName(name), Dtype = type == TensorFlowModels.StringType ? DataType.DtString : DataType.DtFloat, TensorShape = TensorFlowTensors.Shape(shape),
            });
        }

        return definition;
    }

    private static Wire.ModelSpec SpecOf(ModelVersion model, string signature) => new() { Name = model.Name, Version = model.Number, SignatureName = signature };

    private ModelVersion Acquire(Wire.ModelSpec? spec) => TensorFlowModels.Acquire(calls.Services.Models, Read(spec));

    private async Task<(ModelVersion Model, IReadOnlyList<Prediction> Predictions)> AnswerExamplesAsync(Wire.ModelSpec? spec, Input? input, TensorFlowSignature wanted, Caller caller)
    {
        var model = Acquire(spec);
        try
        {
            TensorFlowSignature.CheckExamples(model, spec!.SignatureName, wanted);
            return (model, await ClassifyAsync(model, TensorFlowTensors.Texts(input), caller).ConfigureAwait(false));
        }
        finally
        {
            model.Release();
        }
    }

    private async Task<IReadOnlyList<Prediction>> ClassifyAsync(ModelVersion model, IReadOnlyList<TextPair> texts, Caller caller) =>
        [.. (await calls.Services.Classification.ClassifyAsync(model, texts, caller).ConfigureAwait(false)).Select(outcome => outcome.Value)];
}
