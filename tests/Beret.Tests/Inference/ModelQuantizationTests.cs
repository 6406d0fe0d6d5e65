using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Tests.Cli;

namespace Beret.Tests.Inference;

/// <summary>Folders in int8 and bf16: what is in them, that they predict what was checked before they were written, and the gate.</summary>
public sealed class ModelQuantizationTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void AnInt8FolderKeepsTheNamesWithAScaleForEachRow()
    {
        var source = TinyModel.Write(temporary["model"]);
        var report = Quantize(source, temporary["int8"]);
        Assert.True(report.IsWritten);
        Assert.True(double.IsNaN(report.Drop));
        Assert.InRange(report.BytesAfter, 1, report.BytesBefore - 1);

        using var before = Checkpoint.Open(source);
        using var after = Checkpoint.Open(temporary["int8"]);
        var quantized = after.Tensors.Where(tensor => tensor.Type == TensorType.I8).Select(tensor => tensor.Name).ToList();
        Assert.Equal(1 + 2 * 6, quantized.Count);
        Assert.Contains("bert.embeddings.word_embeddings.weight", quantized);
        Assert.DoesNotContain("bert.pooler.dense.weight", quantized);
        Assert.DoesNotContain("classifier.weight", quantized);
        Assert.Equal(
            before.Tensors.Select(tensor => tensor.Name).Concat(quantized.Select(name => $"{name}.scale")).Order(StringComparer.Ordinal),
            after.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var name in quantized)
        {
            var (exact, scales) = (before.Read(name), after.Read($"{name}.scale"));
            var bytes = new byte[exact.Length];
            after.ReadBytes(name, 0, bytes);
            var columns = exact.Length / scales.Length;
            for (var i = 0; i < exact.Length; i++)
            {
                var scale = scales[i / columns];
                Assert.InRange((sbyte)bytes[i] * scale - exact[i], -0.501f * scale, 0.501f * scale);
            }
        }
    }

    [Theory]
    [InlineData(Precision.Int8)]
    [InlineData(Precision.BFloat16)]
    public void WhatWasCheckedIsWhatIsLoaded(Precision precision)
    {
        var source = TinyModel.Write(temporary["model"], TinyModel.MultiClass);
        Assert.True(Quantize(source, temporary["small"], new QuantizationOptions { Precision = precision }).IsWritten);
        using var rounded = Classifier.LoadRounded(source, precision, threads: 2);
        using var loaded = Classifier.Load(temporary["small"], new ClassifierOptions { Threads = 1 });
        using var exact = Classifier.Load(source);
        Assert.Equal(precision, loaded.Precision);
        Assert.Equal(exact.Labels, loaded.Labels);
        Assert.Equal(exact.Truncation, loaded.Truncation);
        Assert.Equal(Logits(rounded), Logits(loaded));
        Assert.NotEqual(Logits(exact), Logits(loaded));

        // Quantizing it again changes nothing.
        Assert.True(Quantize(temporary["small"], temporary["again"], new QuantizationOptions { Precision = precision }).IsWritten);
        Assert.Equal(File.ReadAllBytes(temporary["small", "model.safetensors"]), File.ReadAllBytes(temporary["again", "model.safetensors"]));
    }

    [Fact]
    public void ABf16FolderIsAPlainOneOfHalfTheSize()
    {
        var source = TinyModel.Write(temporary["model"]);
        Quantize(source, temporary["bf16"], new QuantizationOptions { Precision = Precision.BFloat16 });
        using var weights = Checkpoint.Open(temporary["bf16"]);
        Assert.All(weights.Tensors, tensor => Assert.Equal(TensorType.BF16, tensor.Type));
        using var before = Checkpoint.Open(source);
        Assert.Equal(before.Tensors.Select(tensor => tensor.Name), weights.Tensors.Select(tensor => tensor.Name));
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void AnotherPrecisionCanBeAskedFor(Precision precision)
    {
        var source = TinyModel.Write(temporary["model"]);
        Quantize(source, temporary["int8"]);
        using var asked = Classifier.Load(temporary["int8"], new ClassifierOptions { Precision = precision });
        using var own = Classifier.Load(temporary["int8"]);
        Assert.Equal((precision, Precision.Int8), (asked.Precision, own.Precision));
        foreach (var (a, b) in Logits(asked).Zip(Logits(own)))
        {
            Assert.InRange(a - b, -0.5f, 0.5f);
        }
    }

    [Fact]
    public void NothingIsWrittenWhereTooMuchAccuracyIsLost()
    {
        var source = TinyModel.Write(temporary["model"]);
        var sample = new LabelledTexts(
            ["neg", "pos"], [.. TinyModel.Sentences.Where(text => text.Length > 0).Select((text, i) => new Example(text, null, i % 2, $"text {i}"))], "here");
        var kept = Quantize(source, temporary["kept"], new QuantizationOptions { Sample = sample, MaxDrop = 100 });
        Assert.True(kept.IsWritten);
        Assert.Equal(sample.Examples.Count, kept.Before!.Count);
        Assert.Equal(100 * (kept.Before.Find("accuracy")!.Value.Value - kept.After!.Find("accuracy")!.Value.Value), kept.Drop);

        var refused = Quantize(source, temporary["refused"], new QuantizationOptions { Sample = sample, MaxDrop = kept.Drop - 0.01 });
        Assert.False(refused.IsWritten);
        Assert.Equal(0, refused.BytesAfter);
        Assert.False(Directory.Exists(temporary["refused"]));
    }

    [Fact]
    public void AFullFolderIsLeftAloneAndAWeightThatIsNoNumberIsNamed()
    {
        var source = TinyModel.Write(temporary["model"]);
        Assert.Contains("is not empty", Assert.Throws<InferenceException>(() => Quantize(source, source)).Message);

        using var backend = CpuBackend.Create(1);
        using var model = TinyModel.Create(backend, 1);
        var damaged = model.Parameters.All.First(parameter => parameter.Name.EndsWith("intermediate.dense.weight", StringComparison.Ordinal));
        backend.Write([float.NaN], damaged.Value.RowRange(3, 1).ColumnRange(5, 1));
        ModelFolder.Write(temporary["bad"], model, TinyModel.MakeTokenizer(temporary["bad"], TinyModel.Binary.Flavour), TinyModel.Binary);
        var error = Assert.ThrowsAny<BeretException>(() => Quantize(temporary["bad"], temporary["int8"]));
        Assert.Contains(damaged.Name, error.Message);
        Assert.Contains("row 3", error.Message);
        Assert.False(Directory.Exists(temporary["int8"]));
    }

    [Fact]
    public void BytesWithoutTheirScalesAreRefused()
    {
        Assert.Contains("no bert.encoder.layer.1.output.dense.weight.scale", Error(drop: true, [24], 1));
        Assert.Contains("F32 [24]", Error(drop: false, [23], 1));
        Assert.Contains("which is no scale", Error(drop: false, [24], float.NaN));
        Assert.Contains("which is no scale", Error(drop: false, [24], -1));

        string Error(bool drop, long[] shape, float value)
        {
            var folder = temporary[Guid.NewGuid().ToString("n")];
            Quantize(TinyModel.Write(folder + "-source"), folder);
            const string Name = "bert.encoder.layer.1.output.dense.weight.scale";
            var writer = new SafetensorsWriter();
            using (var weights = Checkpoint.Open(folder))
            {
                foreach (var tensor in weights.Tensors.Where(tensor => tensor.Name != Name))
                {
                    var bytes = new byte[tensor.ByteCount];
                    weights.ReadBytes(tensor.Name, 0, bytes);
                    writer.Add(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), bytes);
                }
            }

            if (!drop)
            {
                writer.Add(Name, shape, Enumerable.Repeat(value, (int)shape[0]).ToArray());
            }

            writer.Write(Path.Combine(folder, "model.safetensors"));
            File.Delete(Path.Combine(folder, "beret.json"));
            return Assert.ThrowsAny<BeretException>(() => Classifier.Load(folder)).Message;
        }
    }

    [Fact]
    public async Task FromTheCommandLine()
    {
        var source = TinyModel.Write(temporary["model"]);
        for (var i = 0; i < 8; i++)
        {
            temporary.Write($"data/test/{(i % 2 == 0 ? "neg" : "pos")}/{i}.txt", TinyModel.Sentences[i % 3]);
        }

        var run = await CommandRun.Of("quantize", source, temporary["int8"], "--data", temporary["data"], "--sample", "6", "--max-drop", "100");
        Assert.Equal(0, run.Code);
        Assert.Contains("on 6 texts", run.Output);
        Assert.Contains($"Written : {temporary["int8"]} (int8)", run.Output);

        var refused = await CommandRun.Of("quantize", source, temporary["refused"], "--data", temporary["data"], "--max-drop", "-101", "--json");
        Assert.Equal(1, refused.Code);
        Assert.Contains("\"written\":false", refused.Output);
        Assert.Contains("was not written", refused.Error);
        Assert.False(Directory.Exists(temporary["refused"]));

        Assert.Equal(2, (await CommandRun.Of("quantize", source, temporary["other"], "--precision", "fp32")).Code);
        Assert.Equal(0, (await CommandRun.Of("evaluate", temporary["int8"], temporary["data"], "--precision", "auto")).Code);
        Assert.Equal(0, (await CommandRun.Of("predict", temporary["int8"], "movie", "--precision", "bf16")).Code);
    }

    private static QuantizationReport Quantize(string source, string destination, QuantizationOptions? options = null) =>
        ModelQuantization.Quantize(source, destination, options, cancellation: Stop);

    private static float[] Logits(Classifier classifier) => [.. classifier.Predict(TinyModel.Sentences, Stop).SelectMany(prediction => prediction.Logits)];
}
