using System.Globalization;
using Beret;
using Beret.Hub;
using EmbedModel;

// Puts an encoder into the library, as beret/mini: docs/embedded-encoder.md.
if (args is not [var model] || model.StartsWith('-'))
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project tools/EmbedModel -- MODEL   (a Hugging Face folder; or beret/mini, to renew the model card alone)");
    return 2;
}

try
{
    var root = new DirectoryInfo(Environment.CurrentDirectory);
    while (!File.Exists(Path.Combine(root.FullName, "Beret.slnx")))
    {
        root = root.Parent ?? throw new BeretException("run it within the repository");
    }

    var place = Path.Combine(root.FullName, "src", "Beret", "Hub", "Embedded");
    using var downloader = new Downloader();
    var folder = (await new ModelHub(downloader).ResolveAsync(model)).Folder;
    var path = Path.Combine(place, "mini.zip");
    var rounding = HalfArchive.Write(folder, card: Path.Combine(place, "README.md"), path);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{path}: {new FileInfo(path).Length:N0} bytes, {rounding.Parameters:N0} weights in half precision; rounding changed them by {rounding.Relative:0.0e+0} of their root mean square, none by more than {rounding.Largest:0.0e+0}"));
    return 0;
}
catch (BeretException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}
