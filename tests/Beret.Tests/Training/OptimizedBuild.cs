using System.Diagnostics;
using System.Reflection;
using Beret.Numerics;

namespace Beret.Tests.Training;

/// <summary>Tests that compute for minutes with the kernels of an unoptimised build, and for seconds with optimised ones.</summary>
internal static class OptimizedBuild
{
    /// <summary>Skips the calling test in a Debug build.</summary>
    public static void Require() => Assert.SkipWhen(
        typeof(IBackend).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
        "takes minutes with unoptimised kernels: run it with -c Release");
}
