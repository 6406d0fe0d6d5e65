namespace Beret.Bench.Pages;

/// <summary>Writes the page of figures, its charts and the README's table from measurements. What was not measured is not on it.</summary>
internal static class PerformancePage
{
    public static void Write(string measurements, string path, string? readme)
    {
        var results = new Results(Measurement.Read(measurements));
        var page = new Page(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileNameWithoutExtension(path));
        page.Title("Performance");
        page.Text("<!-- Written by bench/run; do not edit. -->");
        page.Text(
            "All of this page is what `bench/run` measured and wrote, on one machine; what is compared was measured in one run, in turns. Run it to have the figures of yours; "
            + "`beret bench` gives them for one model within a minute ([bench.md](bench.md)).");
        var summary = new Summary(results);
        if (summary.Rows.Count > 0)
        {
            page.Section("In short");
            summary.Write(page);
        }

        MachineSection.Write(page, results);
        TrainingSection.Write(page, results);
        MemorySection.Write(page, results);
        InferenceSection.Write(page, results);
        SingleSection.Write(page, results);
        TokenizationSection.Write(page, results);
        StartSection.Write(page, results);
        ServingSection.Write(page, results);
        GrowthSection.Write(page, results);
        ManyCoresSection.Write(page, results);
        ProfileSection.Write(page, results);
        OperationsSection.Write(page, results);
        MethodSection.Write(page, results);
        File.WriteAllText(path, page.ToString());
        if (readme is not null)
        {
            summary.Put(readme);
        }
    }
}
