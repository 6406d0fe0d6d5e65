using Beret.Numerics;

namespace Beret.Parity;

/// <summary>Proves that Beret computes what another program computed: every tensor that the other program wrote down beside Beret's.</summary>
public static class ParityCheck
{
    /// <summary>
    /// Runs the model on the file's <c>input_ids</c>, <c>attention_mask</c>, <c>token_type_ids</c> and <c>labels</c>, forward and backward, and compares what the
    /// file holds under the names <c>hidden_states.i</c>, <c>pooled</c>, <c>attn.0</c>, <c>logits</c>, <c>loss</c>, <c>grad_logits</c>, <c>grad.PARAMETER</c> and their
    /// <c>.fp64</c> forms; or under TensorFlow's names <c>[TAG/]input_word_ids</c>, <c>input_mask</c>, <c>input_type_ids</c>, <c>labels</c>, <c>pooled_output</c>,
    /// <c>sequence_output</c>, <c>encoder_outputs/i</c>, <c>logits</c>, <c>probabilities</c>, <c>loss</c>, <c>loss_per_example</c>, <c>grad/VARIABLE</c> and their
    /// <c>_float64</c> forms, where <c>classifier/kernel</c> and <c>classifier/bias</c> are the classifier. Masked positions, and rows whose mask is all zero, are left out.
    /// </summary>
    /// <param name="model">A model folder, a TensorFlow SavedModel, or a TensorFlow checkpoint by its folder or prefix; no tokenizer is needed.</param>
    /// <param name="expectedFile">A safetensors file; a <c>case.json</c> beside it may name the loss.</param>
    /// <param name="tolerance">Replaces all default tolerances: absolute, and for gradients also relative to the tensor's largest entry; null for the defaults.</param>
    /// <param name="threads">The number of threads that compute; null for one for each processor.</param>
    /// <returns>A row for every tensor of the file but the inputs; one whose name means nothing here says so in <see cref="ParityRow.Note"/>.</returns>
    /// <exception cref="BeretException">The model or the file cannot be used.</exception>
    public static IReadOnlyList<ParityRow> Compare(string model, string expectedFile, double? tolerance = null, int? threads = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentException.ThrowIfNullOrEmpty(expectedFile);
        using var backend = CpuBackend.Create(threads ?? Environment.ProcessorCount);
        return ParityRun.Run(model, expectedFile, tolerance, backend);
    }
}
