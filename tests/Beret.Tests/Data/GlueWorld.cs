using Beret.Tests.Training;

namespace Beret.Tests.Data;

/// <summary>Small folders of the shapes that GLUE publishes, with words that a tiny model can learn.</summary>
internal static class GlueWorld
{
    /// <summary>Writes the folder of a task, such as SST-2: 60 texts to train on, 20 to validate on, 20 without labels.</summary>
    public static string Write(TinyWorld world, string name)
    {
        var folder = world.Output(name);
        Directory.CreateDirectory(folder);
        foreach (var (file, seed, count) in (IEnumerable<(string, int, int)>)(name == "MNLI"
            ? [("train", 1, 60), ("dev_matched", 2, 20), ("dev_mismatched", 3, 20), ("test_matched", 4, 20), ("test_mismatched", 5, 20)]
            : [("train", 1, 60), ("dev", 2, 20), ("test", 4, 20)]))
        {
            var (texts, others) = (TinyWorld.Texts(count, seed).Examples, TinyWorld.Texts(count, seed + 10).Examples);
            File.WriteAllLines(
                Path.Combine(folder, $"{file}.tsv"),
                [.. Header(name, file), .. texts.Zip(others).Select((pair, i) => Row(name, file, i, pair.First.Text, pair.Second.Text, pair.First.Label, pair.Second.Label))]);
        }

        return folder;
    }

    private static string[] Header(string name, string file) => (name, file.Split('_')[0]) switch
    {
        ("CoLA", "train" or "dev") => [],
        ("CoLA" or "SST-2", "test") => ["index\tsentence"],
        ("SST-2", _) => ["sentence\tlabel"],
        ("MRPC", "test") => ["index\t#1 ID\t#2 ID\t#1 String\t#2 String"],
        ("MRPC", _) => ["\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String"],
        ("STS-B", var part) => [$"index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2{(part == "test" ? "" : "\tscore")}"],
        ("QQP", "test") => ["id\tquestion1\tquestion2"],
        ("QQP", _) => ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"],
        ("MNLI", var part) =>
        [
            "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2"
                + part switch { "train" => "\tlabel1\tgold_label", "dev" => "\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label", _ => "" },
        ],
        ("QNLI", var part) => [$"index\tquestion\tsentence{(part == "test" ? "" : "\tlabel")}"],
        (_, var part) => [$"index\tsentence1\tsentence2{(part == "test" ? "" : "\tlabel")}"],
    };

    private static string Row(string name, string file, int i, string text, string other, int label, int otherLabel)
    {
        var isTest = file.StartsWith("test", StringComparison.Ordinal);

        // Quotation marks are characters like any other, also where no second one follows.
        text = i % 3 == 0 ? $"\"{text}" : text;
        var same = label == otherLabel;
        return (name, isTest) switch
        {
            ("CoLA", false) => $"gj04\t{label}\t{(label == 1 ? "" : "*")}\t{text}",
            ("CoLA" or "SST-2", true) => $"{i}\t{text}",
            ("SST-2", false) => $"{text}\t{label}",
            ("MRPC", true) => $"{i}\t{7 * i}\t{7 * i + 1}\t{text}\t{other}",
            ("MRPC", false) => $"{(same ? 1 : 0)}\t{7 * i}\t{7 * i + 1}\t{text}\t{other}",
            ("STS-B", _) => $"{i}\tmain-captions\tMSRvid\t2012test\t{i:0000}\tnone\tnone\t{text}\t{other}{(isTest ? "" : same ? "\t4.200" : "\t0.750")}",
            ("QQP", true) => $"{i}\t{text}\t{other}",
            ("QQP", false) => i == 5 ? $"{i}\t{text}" : $"{i}\t{2 * i}\t{2 * i + 1}\t{text}\t{other}\t{(same ? 1 : 0)}",
            ("MNLI", _) => $"{i}\t{i}p\t{i}e\tfiction\t( {text} )\t( {other} )\t(ROOT {text})\t(ROOT {other})\t{text}\t{other}" + (isTest ? "" : Judged(file, i, label, otherLabel)),
            ("QNLI" or "RTE", false) => $"{i}\t{text}\t{other}\t{(same ? "entailment" : "not_entailment")}",
            (_, false) => $"{i}\t{text}\t{other}\t{(same ? 1 : 0)}",
            _ => $"{i}\t{text}\t{other}",
        };
    }

    private static string Judged(string file, int i, int label, int otherLabel)
    {
        var gold = i == 7 ? "-" : label == otherLabel ? "entailment" : label > otherLabel ? "neutral" : "contradiction";
        return string.Concat(Enumerable.Repeat($"\t{gold}", file == "train" ? 2 : 6));
    }
}
