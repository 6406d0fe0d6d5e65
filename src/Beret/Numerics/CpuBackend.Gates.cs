using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void GatedActivation(Matrix input, Activation activation, Matrix output)
    {
        Shapes.Require(input.Rows == output.Rows && input.Columns == 2 * output.Columns, "the input is twice as wide as the output");
        var arguments = new GateArguments { Input = input, Activation = activation, Output = output };
        pool.Run(RowTasks(input.Rows), &GateRows, &arguments);
    }

    public void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient)
    {
        Shapes.RequireSame(input, inputGradient);
        Shapes.Require(
            input.Rows == outputGradient.Rows && input.Columns == 2 * outputGradient.Columns, "the input is twice as wide as the output's gradient");
        var arguments = new GateArguments { Input = input, Activation = activation, Output = outputGradient, InputGradient = inputGradient };
        pool.Run(RowTasks(input.Rows), &GateGradientRows, &arguments);
    }

    private static void GateRows(void* state, int task, int slot)
    {
        ref var g = ref *(GateArguments*)state;
        var columns = g.Output.Columns;
        var end = Math.Min((task + 1) * RowsPerTask, g.Input.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var a = Row(g.Input, r);
            Elementwise<V, S>.Gate(g.Activation, a, a + columns, Row(g.Output, r), columns);
        }
    }

    private static void GateGradientRows(void* state, int task, int slot)
    {
        ref var g = ref *(GateArguments*)state;
        var columns = g.Output.Columns;
        var end = Math.Min((task + 1) * RowsPerTask, g.Input.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var a = Row(g.Input, r);
            var da = Row(g.InputGradient, r);
            Elementwise<V, S>.GateGradient(g.Activation, a, a + columns, Row(g.Output, r), da, da + columns, columns);
        }
    }

    private struct GateArguments
    {
        public Matrix Input;
        public Activation Activation;

        /// <summary>Or its gradient.</summary>
        public Matrix Output;
        public Matrix InputGradient;
    }
}
