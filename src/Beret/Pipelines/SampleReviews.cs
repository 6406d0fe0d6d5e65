using System.Text;
using Beret.Data;

namespace Beret.Pipelines;

/// <summary>The reviews of <c>samples/reviews</c>, which the library carries in itself, read as <see cref="DataSource"/> reads that folder.</summary>
internal static class SampleReviews
{
    /// <summary>What they are called.</summary>
    public const string Name = "samples/reviews";

    private const string Prefix = "reviews/";

    /// <summary>One split of them.</summary>
    /// <param name="split"><see cref="DataSource.Train"/> or <see cref="DataSource.Test"/>.</param>
    public static LabelledTexts Load(string split)
    {
        // A resource is called as its file was where the library was built, with that system's separator.
        var assembly = typeof(SampleReviews).Assembly;
        var files = assembly.GetManifestResourceNames()
            .Select(resource => (Resource: resource, Source: resource.Replace('\\', '/')))
            .Where(file => file.Source.StartsWith($"{Prefix}{split}/", StringComparison.Ordinal))
            .Select(file => (file.Resource, Source: file.Source[Prefix.Length..]))
            .OrderBy(file => file.Source, StringComparer.Ordinal)
            .ToArray();
        string[] labels = [.. files.Select(file => LabelOf(file.Source)).Distinct()];
        return new LabelledTexts(
            labels, [.. files.Select(file => new Example(Read(file.Resource), null, Array.IndexOf(labels, LabelOf(file.Source)), file.Source))], Name);

        string Read(string resource)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            return reader.ReadToEnd();
        }
    }

    private static string LabelOf(string source) => source.Split('/')[1];
}
