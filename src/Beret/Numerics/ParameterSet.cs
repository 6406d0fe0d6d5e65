namespace Beret.Numerics;

/// <summary>
/// The parameters of a model in the order of their declaration. Values, gradients and the two moments lie in one flat block each, so that clipping,
/// accumulation and exchange walk them once; within a <see cref="Dense"/> of several outputs the weights follow each other and act as one matrix.
/// </summary>
internal sealed class ParameterSet(IBackend backend) : IDisposable
{
    private const int AlignmentFloats = 16;

    private readonly List<Parameter> parameters = [];
    private readonly List<Parameter[]> groups = [];
    private readonly List<Dense> denses = [];
    private readonly List<RotaryTable> rotaries = [];
    private readonly List<nint> blocks = [];

    public IReadOnlyList<Parameter> All => parameters;

    public IBackend Backend => backend;

    /// <summary>Grows with every change of the values; packed forms made from an older version are made anew.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>The number of trainable numbers.</summary>
    public long Count => parameters.Sum(p => p.Length);

    /// <summary>Bytes of the values.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of both moments, once there is memory for them.</summary>
    public long MomentBytes { get; private set; }

    /// <summary>The arithmetic of the products in the dense layers that are not exact.</summary>
    public ElementType Arithmetic { get; private set; } = ElementType.Float32;

    /// <summary>All dense gradients, as one run of floats.</summary>
    public Matrix Gradients { get; private set; }

    public Parameter Declare(string name, int[] shape, bool decays, bool hasRowGradient = false)
    {
        var parameter = new Parameter { Name = name, Shape = shape, Decays = decays, HasRowGradient = hasRowGradient, MayBeQuantized = hasRowGradient };
        Add([parameter]);
        return parameter;
    }

    /// <summary>
    /// Declares PREFIX.NAME.weight [outputs, inputs] and, unless there is to be none, PREFIX.NAME.bias [outputs] for each name; they act as one layer with all
    /// outputs side by side.
    /// </summary>
    /// <param name="exact">Its products are fp32 whatever the set's <see cref="Arithmetic"/>: for the few rows of poolers and heads, where there is nothing to gain.</param>
    public Dense DeclareDense(string prefix, ReadOnlySpan<string> names, int inputs, int outputs, bool bias = true, bool exact = false)
    {
        var weights = new Parameter[names.Length];
        var biases = new Parameter[bias ? names.Length : 0];
        for (var i = 0; i < names.Length; i++)
        {
            var name = string.Join('.', new[] { prefix, names[i] }.Where(part => part.Length > 0));
            weights[i] = new Parameter { Name = $"{name}.weight", Shape = [outputs, inputs], Decays = true, MayBeQuantized = !exact };
            if (bias)
            {
                biases[i] = new Parameter { Name = $"{name}.bias", Shape = [outputs], Decays = false };
            }
        }

        Add(weights);
        if (bias)
        {
            Add(biases);
        }

        var dense = new Dense(this, weights, biases) { IsExact = exact };
        denses.Add(dense);
        return dense;
    }

    /// <summary>Declares NAME.weight [channels, channels, kernel] and NAME.bias of a convolution: a dense layer on the unfolded rows (<see cref="Ops.Unfold"/>).</summary>
    public Dense DeclareConvolution(string name, int channels, int kernel)
    {
        var dense = new Dense(
            this,
            [Declare($"{name}.weight", [channels, channels, kernel], decays: true)],
            [Declare($"{name}.bias", [channels], decays: false)]);
        denses.Add(dense);
        return dense;
    }

    /// <summary>One of the layers of a group as a layer by itself, on the same weights.</summary>
    public Dense PartOf(Dense group, int index)
    {
        var part = new Dense(this, [group.Weights[index]], group.Biases.Count == 0 ? [] : [group.Biases[index]]);
        denses.Add(part);
        return part;
    }

    /// <summary>Declares NAME.weight (γ) and, unless there is to be none, NAME.bias (β).</summary>
    public LayerNorm DeclareLayerNorm(string name, int size, float epsilon, bool bias = true)
    {
        var gamma = new Parameter { Name = $"{name}.weight", Shape = [size], Decays = false, Start = 1 };
        Add([gamma]);
        return new LayerNorm(gamma, bias ? Declare($"{name}.bias", [size], decays: false) : null, epsilon);
    }

    /// <summary>The angles of rotary position embeddings: no parameters, but memory that lives as long as theirs.</summary>
    public RotaryTable DeclareRotary(int headSize, double theta)
    {
        var table = new RotaryTable(backend, headSize, theta);
        rotaries.Add(table);
        return table;
    }

    /// <summary>Takes memory for the values. All parameters are declared by now.</summary>
    public void Allocate()
    {
        (_, Bytes) = Place(_ => true, (parameter, matrix) => parameter.Value = matrix);
    }

    /// <summary>Takes memory for gradients, and for the moments of what is not frozen by now.</summary>
    public void AllocateForTraining()
    {
        if (!Gradients.IsNone)
        {
            return;
        }

        var (block, bytes) = Place(p => !p.HasRowGradient, (parameter, matrix) => parameter.Gradient = matrix);
        Gradients = new Matrix(block, 1, checked((int)(bytes / sizeof(float))));
        var (_, first) = Place(p => !p.IsFrozen, (parameter, matrix) => parameter.FirstMoment = matrix);
        var (_, second) = Place(p => !p.IsFrozen, (parameter, matrix) => parameter.SecondMoment = matrix);
        MomentBytes = first + second;
    }

    /// <summary>Zeroes all gradients.</summary>
    public void ClearGradients()
    {
        backend.Clear(Gradients);
        foreach (var parameter in parameters)
        {
            parameter.OccurrenceGradient = Matrix.None;
        }
    }

    /// <summary>Chooses the arithmetic; what was packed for another is given up.</summary>
    public void Use(ElementType arithmetic)
    {
        if (arithmetic == Arithmetic)
        {
            return;
        }

        RequirePlain();
        Arithmetic = arithmetic;
        foreach (var dense in denses)
        {
            dense.Release();
        }
    }

    /// <summary>Says that values have changed.</summary>
    public void Touch()
    {
        RequirePlain();
        Version++;
    }

    /// <summary>Packs the weights of all layers for inference, where they are not yet.</summary>
    public void Pack()
    {
        foreach (var dense in denses)
        {
            dense.Pack();
        }
    }

    /// <summary>
    /// Packs the weights of all layers and gives the memory of the plain ones back, one layer after the other: for a model that only predicts from now on.
    /// </summary>
    public void PackAlone()
    {
        var last = new Dictionary<Parameter, Dense>();
        foreach (var dense in denses)
        {
            foreach (var weight in dense.Weights)
            {
                last[weight] = dense;
            }
        }

        foreach (var dense in denses)
        {
            dense.Pack();
            foreach (var weight in dense.Weights.Where(weight => last[weight] == dense && !weight.IsPackedAlone))
            {
                weight.IsPackedAlone = true;
                backend.Discard(weight.Memory);
            }
        }
    }

    public void Dispose()
    {
        foreach (var dense in denses)
        {
            dense.Release();
        }

        foreach (var rotary in rotaries)
        {
            rotary.Dispose();
        }

        foreach (var block in blocks)
        {
            backend.Free(block);
        }

        blocks.Clear();
    }

    private void RequirePlain()
    {
        if (parameters.Exists(parameter => parameter.IsPackedAlone))
        {
            throw new InvalidOperationException("the weights are kept packed for inference alone; they cannot change");
        }
    }

    private static long RoundUp(long floats) => (floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;

    private void Add(Parameter[] group)
    {
        groups.Add(group);
        parameters.AddRange(group);
    }

    /// <summary>One block for all parameters that belong; a group's members follow each other without a gap.</summary>
    private (nint Block, long Bytes) Place(Func<Parameter, bool> belongs, Action<Parameter, Matrix> assign)
    {
        long total = 0;
        foreach (var group in groups)
        {
            total += RoundUp(group.Where(belongs).Sum(p => p.Length));
        }

        var block = backend.Allocate(total * sizeof(float));
        blocks.Add(block);
        long offset = 0;
        foreach (var group in groups)
        {
            var start = offset;
            foreach (var parameter in group.Where(belongs))
            {
                assign(parameter, new Matrix(block + (nint)(offset * sizeof(float)), parameter.Rows, parameter.Columns));
                offset += parameter.Length;
            }

            offset = start + RoundUp(offset - start);
        }

        return (block, total * sizeof(float));
    }
}

/// <summary>A linear layer: one or several [outputs, inputs] weights whose outputs stand side by side.</summary>
internal sealed class Dense(ParameterSet set, Parameter[] weights, Parameter[] biases)
{
    private Matrix packed;
    private int packedVersion;

    public IReadOnlyList<Parameter> Weights => weights;

    public IReadOnlyList<Parameter> Biases => biases;

    /// <summary>Whether its products are fp32 whatever the others are.</summary>
    public bool IsExact { get; init; }

    /// <summary>The arithmetic of its products.</summary>
    public ElementType Arithmetic => IsExact ? ElementType.Float32 : set.Arithmetic;

    public int Inputs => weights[0].Columns;

    public int Outputs => weights.Length * weights[0].Rows;

    /// <summary>The weights of all outputs; where they are packed alone, only their shape means something.</summary>
    public Matrix Weight => weights[0].Memory with { Rows = Outputs };

    /// <summary>None where the layer has no bias.</summary>
    public Matrix Bias => biases.Length == 0 ? Matrix.None : Wide(biases[0].Value);

    public Matrix WeightGradient => weights[0].Gradient with { Rows = Outputs };

    public Matrix BiasGradient => biases.Length == 0 ? Matrix.None : Wide(biases[0].Gradient);

    /// <summary>The packed weight, or none where it is not packed or out of date.</summary>
    public Matrix Packed => packedVersion == set.Version ? packed : Matrix.None;

    /// <summary>Whether a parameter is one of this layer's.</summary>
    public bool Has(Parameter parameter) => weights.Contains(parameter) || biases.Contains(parameter);

    internal void Pack()
    {
        if (packedVersion == set.Version)
        {
            return;
        }

        if (packed.IsNone)
        {
            var length = set.Backend.PackedLength(Outputs, Inputs, Arithmetic);
            packed = new Matrix(set.Backend.Allocate(length * sizeof(float)), 1, checked((int)length));
        }

        set.Backend.PackWeight(Weight, packed, Arithmetic);
        packedVersion = set.Version;
    }

    internal void Release()
    {
        if (!packed.IsNone)
        {
            set.Backend.Free(packed.Handle);
            packed = Matrix.None;
            packedVersion = 0;
        }
    }

    private Matrix Wide(Matrix vector) => vector with { Columns = Outputs, Stride = Outputs };
}

/// <summary>The scale γ, the shift β, if there is one, and ε of a layer normalisation.</summary>
internal sealed record LayerNorm(Parameter Gamma, Parameter? Beta, float Epsilon)
{
    public Matrix BetaValue => Beta?.Value ?? Matrix.None;

    public Matrix BetaGradient => Beta?.Gradient ?? Matrix.None;
}
