using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Onnx.Checks;
using Beret.Tests.Checkpoints;
using Beret.Tests.Export;
using Beret.Tests.Inference;
using Beret.Text;

namespace Beret.Tests.Cli;

public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("fp32")]
    [InlineData("fp16")]
    [InlineData("int8")]
    public async Task TheExportIsCheckedInOnnxRuntime(string precision)
    {
        var modules = NodeModules.FolderWith(NodeRuntime.OnnxRuntime);
        var run = await CommandRun.Of("export", TinyModel.Write(temporary["model"]), "--output", temporary["tiny.onnx"], "--precision", precision, "--check-with", modules);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Equal(4, run.Lines.Length);
        Assert.StartsWith($"Model   : bert, ", run.Lines[0]);
        Assert.EndsWith($" parameters, {precision}, opset 17", run.Lines[0]);
        Assert.StartsWith("Graph   : input_ids, attention_mask, token_type_ids -> logits, ", run.Lines[1]);
        Assert.StartsWith($"Written : {temporary["tiny.onnx"]} (", run.Lines[2]);
        Assert.StartsWith("Checked : onnxruntime-node ", run.Lines[3]);
        Assert.Contains(" on 9 texts: logits within ", run.Lines[3]);
    }

    [Fact]
    public async Task AFolderIsCheckedInAPipeline()
    {
        var modules = NodeModules.FolderWith(NodeRuntime.Transformers);
        var source = TinyModel.Write(temporary["model"], TinyModel.MultiClass);
        var run = await CommandRun.Of("export", source, "--format", "huggingface", "--output", temporary["out"], "--check-with", modules);
        Assert.Equal(0, run.Code);
        Assert.Contains("truncation head+tail", run.Error);
        Assert.Equal(5, run.Lines.Length);
        Assert.StartsWith("Checked : onnxruntime-node ", run.Lines[3]);
        Assert.StartsWith("Checked : @huggingface/transformers ", run.Lines[4]);
        Assert.Contains(" on 3 texts: scores within ", run.Lines[4]);

        var other = TinyModel.Write(temporary["other"], TinyModel.MultiClass, seed: 2);
        Assert.False(Onnx.PipelineCheck.Run(other, temporary["out"], Onnx.OnnxPrecision.Float32, modules).Holds);
    }

    [Fact]
    public async Task AnExportThatAnswersOtherwiseIsReported()
    {
        var modules = NodeModules.FolderWith(NodeRuntime.OnnxRuntime);
        var (source, other) = (TinyModel.Write(temporary["model"]), TinyModel.Write(temporary["other"], seed: 2));
        Assert.Equal(0, (await CommandRun.Of("export", other, "--output", temporary["other.onnx"], "--check-with", modules)).Code);
        var check = Onnx.OnnxCheck.Run(source, temporary["other.onnx"], Onnx.OnnxPrecision.Float32, modules);
        Assert.False(check.Holds);
        Assert.True(check.LargestDifference > check.Tolerance);
    }

    [Fact]
    public async Task WithoutOnnxRuntimeItSaysThatNothingWasChecked()
    {
        var run = await CommandRun.Of("export", TinyModel.Write(temporary["model"]), "--output", temporary["out"], "--check-with", temporary.Path);
        Assert.Equal(0, run.Code);
        Assert.True(File.Exists(temporary["out", "model.onnx"]));
        Assert.StartsWith("Checked : no, ", run.Lines[3]);
        Assert.Contains("npm install onnxruntime-node", run.Lines[3]);
    }

    [Fact]
    public async Task ATensorFlowTokenizationIsPointedOutWhereAnotherTakesItsPlace()
    {
        var source = TinyModel.Write(temporary["model"], TinyModel.Binary);
        var plain = await CommandRun.Of("export", source, "--output", temporary["plain.onnx"], "--no-check");
        Assert.Equal("", plain.Error);
        Assert.Equal("Checked : no", plain.Lines[3]);
        var text = await CommandRun.Of("export", source, "--output", temporary["text.onnx"], "--with-tokenizer");
        Assert.Contains("onnxruntime-extensions", text.Lines[3]);
        Assert.Contains("\"tf\"", text.Error);
        var folder = await CommandRun.Of("export", source, "--format", "huggingface", "--output", temporary["folder"], "--no-check");
        Assert.Contains("\"tf\"", folder.Error);
        Assert.StartsWith($"Written : {Path.Combine(temporary["folder"], "onnx", "model.onnx")} (", folder.Lines[2]);
    }

    [Theory]
    [InlineData("--opset", "--opset", "16")]
    [InlineData("from 17 to 21", "--opset", "x")]
    [InlineData("'bf16'", "--precision", "bf16")]
    [InlineData("'savedmodel'", "--format", "savedmodel")]
    [InlineData("--with-tokenizer", "--with-tokenizer", "--format", "huggingface")]
    public async Task SettingsThatCannotBeWrittenAreRefused(string says, params string[] options)
    {
        var run = await CommandRun.Of(["export", TinyModel.Write(temporary["model"]), "--output", temporary["out"], .. options]);
        Assert.Equal(2, run.Code);
        Assert.Contains(says, run.Error);
        Assert.False(Directory.Exists(temporary["out"]));
    }

    [Fact]
    public async Task WhatIsNoClassifierIsRefused()
    {
        var missing = await CommandRun.Of("export", temporary["nothing"], "--output", temporary["x.onnx"]);
        Assert.Equal(2, missing.Code);
        Assert.Contains("is not a folder", missing.Error);
        var none = await CommandRun.Of("export", TinyModel.Write(temporary["model"]));
        Assert.Equal(2, none.Code);
        Assert.Contains("--output", none.Error);
    }

    [Theory]
    [InlineData("fp32", 1e-4)]
    [InlineData("int8", 0.5)]
    public async Task ARealModelGivesItsLogits(string precision, double tolerance)
    {
        var modules = NodeModules.FolderWith(NodeRuntime.OnnxRuntime);
        var encoder = Shared.Path("models", "all-MiniLM-L6-v2");
        using (var backend = CpuBackend.Create(1))
        {
            var loaded = ModelLoader.Load(encoder, backend, outputs: 1, seed: 3);
            using var model = loaded.Model;
            ModelFolder.Write(temporary["model"], model, Tokenizer.Load(encoder), TinyModel.Binary with { Flavour = TokenizerFlavour.HuggingFace, MaxLength = 128 });
        }

        var run = await CommandRun.Of("export", temporary["model"], "--output", temporary["real.onnx"], "--precision", precision, "--no-check");
        Assert.Equal(0, run.Code);
        var check = Onnx.OnnxCheck.Run(temporary["model"], temporary["real.onnx"], Onnx.OnnxPrecisions.Parse(precision), modules);
        Assert.InRange(check.LargestDifference, 0, tolerance);
    }
}
