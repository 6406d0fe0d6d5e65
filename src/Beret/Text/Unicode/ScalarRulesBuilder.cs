namespace Beret.Text.Unicode;

/// <summary>Works out the action of every scalar from the recorded tables, for one combination of settings.</summary>
internal sealed class ScalarRulesBuilder
{
    private readonly ScalarSet space;
    private readonly ScalarSet alone;
    private readonly ScalarSet? chinese;

    public ScalarRulesBuilder(ScalarSettings settings)
    {
        switch (settings.Flavour)
        {
            case TokenizerFlavour.TensorFlow:
                (space, alone) = (UnicodeTables.Set("tf.space"), UnicodeTables.Set("tf.alone"));
                if (settings.LowerCase)
                {
                    Normalise(UnicodeTables.Map("tf.uncased"), null, UnicodeTables.Map("tf.order"));
                }
                else
                {
                    Normalise(null, null, null);
                }

                Fill(space, ScalarAction.Space);
                Delete(settings.LowerCase ? UnicodeTables.Set("tf.deleted") : null);
                break;

            case TokenizerFlavour.HuggingFace:
                (space, alone) = (UnicodeTables.Set("hf.white"), UnicodeTables.Set("hf.punctuation"));
                chinese = settings.SpaceChinese ? UnicodeTables.Set("hf.cjk") : null;
                Normalise(
                    settings.StripAccents ? UnicodeTables.Map("hf.strip") : null,
                    settings.LowerCase ? UnicodeTables.Map("hf.lower") : null,
                    settings.StripAccents ? UnicodeTables.Map("hf.order") : null);
                Fill(space, ScalarAction.Space);
                Delete(settings.CleanText ? UnicodeTables.Set("hf.deleted") : null);
                break;

            default:
                (space, alone) = (UnicodeTables.Set("google.white"), UnicodeTables.Set("google.punctuation"));
                chinese = GoogleChinese;
                if (settings.LowerCase)
                {
                    Normalise(UnicodeTables.Map("google.uncased"), null, UnicodeTables.Map("google.order"));
                }
                else
                {
                    Normalise(null, null, null);
                }

                Fill(space, ScalarAction.Space);
                Delete(UnicodeTables.Set("google.deleted"));
                if (settings.LowerCase)
                {
                    Entries[0x3A3] = ScalarRules.Entry(ScalarAction.Sigma);
                }

                break;
        }
    }

    /// <summary>_is_chinese_char of the original tokenization.py.</summary>
    private static ScalarSet GoogleChinese { get; } = new(
    [
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
        (0x2F800, 0x2FA1F),
    ]);

    public uint[] Entries { get; } = new uint[0x110000];

    public List<uint> Sequences { get; } = [];

    /// <summary>
    /// Decomposition (<paramref name="map"/>), then lower case, then the classes of what came out. <paramref name="order"/> is given where the
    /// flavour's normalisation reorders marks, and decomposes Hangul.
    /// </summary>
    private void Normalise(ScalarMap? map, ScalarMap? lower, ScalarMap? order)
    {
        Fill(alone, ScalarAction.Alone);
        if (chinese is not null)
        {
            Fill(chinese, ScalarAction.Alone);
        }

        if (order is not null)
        {
            Entries.AsSpan(0xAC00, 0xD7A4 - 0xAC00).Fill(ScalarRules.Entry(ScalarAction.Hangul));
            foreach (var scalar in order.Scalars)
            {
                Entries[scalar] = ScalarRules.Entry(ScalarAction.Mark, Class(order, scalar));
            }
        }

        foreach (var scalar in (map?.Scalars ?? []).Union(lower?.Scalars ?? []))
        {
            Entries[scalar] = Mapped(scalar, map, lower, order);
        }
    }

    private uint Mapped(int scalar, ScalarMap? map, ScalarMap? lower, ScalarMap? order)
    {
        var decomposed = map is not null && map.TryGet(scalar, out var values) ? values : [scalar];
        if (decomposed.Length == 0)
        {
            return ScalarRules.Entry(ScalarAction.DroppedMark, Class(order, scalar));
        }

        var outputs = new List<uint>();
        foreach (var part in decomposed)
        {
            foreach (var output in lower is not null && lower.TryGet(part, out var lowered) ? lowered : [part])
            {
                var kind = chinese?.Contains(scalar) == true || alone.Contains(output) ? UnitKind.Alone
                    : space.Contains(output) ? UnitKind.Space : UnitKind.Letter;
                outputs.Add((uint)output | ((uint)kind << 21) | ((uint)Class(order, output) << 24));
            }
        }

        if (outputs.Count == 1 && outputs[0] >> 21 == 0)
        {
            return ScalarRules.Entry(ScalarAction.OtherLetter, (int)outputs[0]);
        }

        var place = Sequences.Count;
        Sequences.Add((uint)outputs.Count);
        Sequences.AddRange(outputs);
        return ScalarRules.Entry(ScalarAction.Sequence, place);
    }

    private static int Class(ScalarMap? order, int scalar) => order is not null && order.TryGet(scalar, out var value) ? value[0] : 0;

    private void Fill(ScalarSet set, ScalarAction action)
    {
        foreach (var (first, last) in set.Ranges)
        {
            Entries.AsSpan(first, last - first + 1).Fill(ScalarRules.Entry(action));
        }
    }

    private void Delete(ScalarSet? set)
    {
        if (set is not null)
        {
            Fill(set, ScalarAction.Deleted);
        }
    }
}
