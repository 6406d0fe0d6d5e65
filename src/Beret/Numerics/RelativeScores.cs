namespace Beret.Numerics;

/// <summary>
/// What the scores of attention get from the distance between two tokens, by way of tables with a row for each distance or for several of them.
/// With r the row of the distance q − k: score = scale · (q·k + q·Keys[r] + k·Queries[r]) + Bias[r, head], of which terms may be missing.
/// (He, Liu, Gao and Chen, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", 2021, equation 4; Raffel et al., T5, 2020, §2.1 for the bias.)
/// </summary>
/// <param name="Rows">2 · span − 1 row numbers: entry δ + span − 1 belongs to the distance δ = position of the query − position of the key, |δ| &lt; span.</param>
/// <param name="Positions">[T]: the position of each token, ascending in a sequence.</param>
/// <param name="Keys">[R, H] or none: where a query's content meets a position.</param>
/// <param name="Queries">[R, H] or none: where a key's content meets a position.</param>
/// <param name="Bias">[R, heads] or none.</param>
/// <param name="Scale">What products are multiplied by.</param>
internal readonly record struct RelativeScores(Indices Rows, Indices Positions, Matrix Keys, Matrix Queries, Matrix Bias, float Scale)
{
    /// <summary>More than the largest distance.</summary>
    public int Span => (Rows.Count + 1) / 2;

    /// <summary>The number of rows of each table, R.</summary>
    public int TableRows => Math.Max(Keys.Rows, Math.Max(Queries.Rows, Bias.Rows));
}
