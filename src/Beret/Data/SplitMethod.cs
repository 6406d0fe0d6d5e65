namespace Beret.Data;

/// <summary>How a part of the training texts is chosen for validation.</summary>
public enum SplitMethod
{
    /// <summary>As TensorFlow's tutorial: Keras' order and split.</summary>
    Tutorial,

    /// <summary>
    /// Every label, or set of labels, has its share in both parts, to within one text; of numbers every tenth of their range of ranks has. A label with one text is trained on.
    /// </summary>
    Stratified,

    /// <summary>Texts of one group (<see cref="Example.Group"/>) stay together.</summary>
    Grouped,
}
