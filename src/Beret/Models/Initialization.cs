using Beret.Numerics;

namespace Beret.Models;

/// <summary>Random starting weights, drawn from (seed, parameter name) so that they depend on neither the order of declaration nor the other parameters.</summary>
internal static class Initialization
{
    /// <summary>Normal with the given standard deviation, cut at two of them and drawn again beyond: BERT's own initialisation.</summary>
    public static void TruncatedNormal(IBackend backend, Parameter parameter, double deviation, ulong seed)
    {
        var values = new float[parameter.Length];
        var random = new Stream(parameter.Name, seed);
        for (var i = 0; i < values.Length; i++)
        {
            double x;
            do
            {
                x = random.NextNormal();
            }
            while (Math.Abs(x) > 2);
            values[i] = (float)(x * deviation);
        }

        backend.Write(values, parameter.Value);
    }

    /// <summary>Any parameter as BERT starts it: matrices <see cref="TruncatedNormal"/>, vectors at their <see cref="Parameter.Start"/>.</summary>
    public static void Draw(IBackend backend, Parameter parameter, double deviation, ulong seed)
    {
        if (parameter.Shape.Length == 1)
        {
            Constant(backend, parameter, parameter.Start);
        }
        else
        {
            TruncatedNormal(backend, parameter, deviation, seed);
        }
    }

    /// <summary>Uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio, 2010): what Keras gives a Dense layer.</summary>
    public static void GlorotUniform(IBackend backend, Parameter parameter, ulong seed)
    {
        var limit = Math.Sqrt(6.0 / (parameter.Rows + parameter.Columns));
        var values = new float[parameter.Length];
        var random = new Stream(parameter.Name, seed);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)((2 * random.NextUniform() - 1) * limit);
        }

        backend.Write(values, parameter.Value);
    }

    /// <summary>Every element the same: 0 for biases and β, 1 for γ.</summary>
    public static void Constant(IBackend backend, Parameter parameter, float value)
    {
        var values = new float[parameter.Length];
        Array.Fill(values, value);
        backend.Write(values, parameter.Value);
    }

    /// <summary>The identity matrix.</summary>
    public static void Identity(IBackend backend, Parameter parameter)
    {
        var values = new float[parameter.Length];
        for (var i = 0; i < Math.Min(parameter.Rows, parameter.Columns); i++)
        {
            values[i * parameter.Columns + i] = 1;
        }

        backend.Write(values, parameter.Value);
    }

    private struct Stream(string name, ulong seed)
    {
        private readonly uint name = Hash(name);
        private uint counter;

        /// <summary>In (0, 1), 53 bits.</summary>
        public double NextUniform()
        {
            var (a, b, _, _) = Philox.Next(counter++, name, 0x696E6974, 0, seed);
            return (((((ulong)a << 32) | b) >> 11) + 0.5) * (1.0 / (1UL << 53));
        }

        /// <summary>Standard normal (Box and Muller, 1958).</summary>
        public double NextNormal() => Math.Sqrt(-2 * Math.Log(NextUniform())) * Math.Cos(2 * Math.PI * NextUniform());

        /// <summary>FNV-1a.</summary>
        private static uint Hash(string text)
        {
            var hash = 2166136261u;
            foreach (var c in text)
            {
                hash = (hash ^ c) * 16777619u;
            }

            return hash;
        }
    }
}
