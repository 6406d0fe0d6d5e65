namespace Beret.Training.Teachers;

/// <summary>Which of its hidden states a student is to have from its teacher.</summary>
public enum HiddenStates
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of the last layer, from the teacher's last.</summary>
    Last,

    /// <summary>Those of all layers, each from a layer of the teacher, at even distances up to the last (Jiao et al., "TinyBERT", 2020, §3.1).</summary>
    All,
}
