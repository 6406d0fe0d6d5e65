namespace Beret.Numerics;

/// <summary>How a student learns from a teacher's logits (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, §2).</summary>
/// <param name="Temperature">T &gt; 0: both models' logits are divided by it before they become probabilities.</param>
/// <param name="Alpha">The teacher's share of the loss, 0 to 1; the labels have the rest.</param>
/// <param name="Focus">γ of the labels' loss, as <see cref="IBackend.Loss"/> takes it.</param>
internal readonly record struct Distillation(double Temperature, double Alpha, double Focus = 0);
