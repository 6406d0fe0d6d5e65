using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>An encoder whose hidden states are to be learnt.</summary>
internal sealed class StateTeacher : IDisposable
{
    private const int TokensAtATime = 4096;

    private readonly LoadedEncoder model;
    private readonly IBackend backend;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly PackedBatch packed = new();
    private readonly (int Classification, int Separator) special;
    private int[] sequence = [];
    private float[] states = [];

    private StateTeacher(LoadedEncoder model, Tokenizer tokenizer, IBackend backend, PretrainingRecipe recipe)
    {
        (this.model, this.backend, Tokenizer) = (model, backend, tokenizer);
        special = (Required(tokenizer.ClassificationId), Required(tokenizer.SeparatorId));
        Layer = recipe.TeacherLayer == 0 ? Layers : recipe.TeacherLayer;
        if (Layer > Layers)
        {
            throw new TrainingException($"--teacher-layer is {Layer}, but the teacher has {Layers} layers");
        }

        Fingerprint = Hash(model.Parameters, backend);
        model.Parameters.Use(recipe.TeacherPrecision.Arithmetic());
        model.Parameters.PackAlone();
        arena = new Arena(backend);
        ops = new Ops(backend, arena, tape: null);
    }

    public Tokenizer Tokenizer { get; }

    /// <summary>The layer whose output is learnt, from 1.</summary>
    public int Layer { get; }

    public int Layers => model.Encoder.Config.Layers;

    /// <summary>The size of a state.</summary>
    public int Width => model.Encoder.Config.HiddenSize;

    /// <summary>The most tokens of a sequence, [CLS] and [SEP] not counted.</summary>
    public int Room => model.Encoder.Config.MaxPositions - 2;

    /// <summary>SHA-256 of its weights.</summary>
    public string Fingerprint { get; }

    /// <summary>Loads an encoder; a classifier's head is left alone.</summary>
    /// <param name="folder">A model, as <see cref="Encoder.Load"/> finds it.</param>
    /// <param name="source">Where its definition comes from.</param>
    /// <param name="backend">Stays the caller's.</param>
    /// <param name="recipe">Layer and precision.</param>
    /// <exception cref="BeretException">It cannot be read, or has no such layer.</exception>
    public static StateTeacher Load(string folder, ModelSource source, IBackend backend, PretrainingRecipe recipe)
    {
        var files = ModelFiles.Open(folder, source);
        using var weights = files.OpenWeights();
        var model = ModelLoader.LoadEncoder(files.Config, weights, backend);
        try
        {
            return new StateTeacher(model, files.LoadTokenizer(), backend, recipe);
        }
        catch
        {
            model.Parameters.Dispose();
            throw;
        }
    }

    /// <summary>Empties the batch.</summary>
    public void Begin() => packed.Clear();

    /// <summary>Whether a sequence of so many tokens is still to go into this batch.</summary>
    public bool HasRoom(int tokens) => packed.Tokens == 0 || packed.Tokens + tokens + 2 <= TokensAtATime;

    /// <summary>Adds a sequence; [CLS] and [SEP] are put around it.</summary>
    /// <returns>The row of its [CLS] in what <see cref="Run"/> gives.</returns>
    public int Add(ReadOnlySpan<int> ids)
    {
        if (sequence.Length < ids.Length + 2)
        {
            sequence = new int[2 * (ids.Length + 2)];
        }

        var whole = sequence.AsSpan(0, ids.Length + 2);
        whole[0] = special.Classification;
        ids.CopyTo(whole[1..]);
        whole[^1] = special.Separator;
        var row = packed.Tokens;
        packed.Add(whole);
        return row;
    }

    /// <summary>The states of all tokens of the batch, [T, <see cref="Width"/>]; they last until the next call.</summary>
    public float[] Run()
    {
        model.Encoder.Check(packed);
        if (states.Length < packed.Tokens * Width)
        {
            states = new float[packed.Tokens * Width];
        }

        ops.Begin();
        var sequence = model.Encoder.Contextualize(ops, ops.Upload(packed), Layer == Layers ? null : Observe);
        if (Layer == Layers)
        {
            Read(sequence);
        }

        return states;

        void Observe(int number, Value value)
        {
            if (number == Layer)
            {
                Read(value);
            }
        }

        void Read(Value value) => backend.Read(value.Data, states.AsSpan(0, packed.Tokens * Width));
    }

    public void Dispose()
    {
        arena.Dispose();
        model.Parameters.Dispose();
    }

    private static int Required(int? id) => id ?? throw new TrainingException("the teacher's vocabulary has no [CLS] or no [SEP]");

    private static string Hash(ParameterSet parameters, IBackend backend)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in parameters.All)
        {
            var values = new float[parameter.Length];
            backend.Read(parameter.Value, values);
            hash.AppendData(MemoryMarshal.AsBytes<float>(values));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
