using Beret.Text;

namespace Beret.Training;

/// <summary>What a maximum length makes of some texts.</summary>
/// <param name="MaxLength">The most tokens of a sequence, special tokens included.</param>
/// <param name="IsWindowed">Whether longer texts are read in windows (<see cref="Truncation.Windows"/>); else they are cut, wherever.</param>
/// <param name="Whole">The share of the texts that fit into one sequence.</param>
/// <param name="Kept">The share of the texts' tokens that training reads.</param>
/// <param name="Windows">Sequences of a text, on average.</param>
/// <param name="Tokens">Tokens of a text, those of all its sequences, on average.</param>
/// <param name="Cost">Floating-point operations of an epoch, as a multiple of those of <see cref="LengthSurvey.Reference"/> tokens, cut.</param>
public sealed record LengthChoice(int MaxLength, bool IsWindowed, double Whole, double Kept, double Windows, double Tokens, double Cost);
