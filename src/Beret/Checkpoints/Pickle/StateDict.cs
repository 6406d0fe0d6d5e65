using System.Globalization;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// The named tensors of an unpickled object: those of a dictionary of weights, or, where training saved more than weights, those of the dictionary of weights in
/// it; of any other dictionary all tensors at whatever depth, with the keys on the way there joined by dots.
/// </summary>
internal sealed class StateDict
{
    private const int MostNesting = 100;

    // Under which key frameworks put the weights beside the optimizer's state: PyTorch Lightning and many scripts, PyTorch's tutorial, fairseq, DeepSpeed.
    private static readonly string[] WeightsKeys = ["state_dict", "model_state_dict", "model", "module"];

    private readonly string path;
    private readonly List<(string Name, TorchTensor Tensor)> tensors = [];

    // An object can be in several others, so that a small pickle can describe very many paths: so many objects and characters of their names are looked at.
    private long budget = PickleReader.Longest;

    private StateDict(string path) => this.path = path;

    /// <exception cref="CheckpointException">The object is no dictionary, or holds no tensors that can be named.</exception>
    public static IReadOnlyList<(string Name, TorchTensor Tensor)> Read(object? root, string path)
    {
        if (root is not PickleDictionary dictionary)
        {
            throw new CheckpointException($"{path} holds {Kind(root)}, not a dictionary of tensors: save the weights of the model (model.state_dict())");
        }

        var found = new StateDict(path);
        found.Add(WeightsIn(dictionary), "", 0);
        return found.tensors is { Count: > 0 } tensors ? tensors : throw found.Refuse("holds a dictionary without any tensor");
    }

    private static PickleDictionary WeightsIn(PickleDictionary root) =>
        HasTensors(root) ? root : WeightsKeys.Select(root.Find).OfType<PickleDictionary>().FirstOrDefault(HasTensors) ?? root;

    private static bool HasTensors(PickleDictionary dictionary) => dictionary.Items.Any(item => item.Value is TorchTensor);

    private static string Kind(object? value) => value switch
    {
        null => "None",
        TorchTensor => "one tensor without a name",
        PickleList or PickleTuple => "a list",
        string => "a text",
        bool or long or double or System.Numerics.BigInteger => "a number",
        _ => "an object",
    };

    private void Add(PickleContainer container, string? name, int depth)
    {
        switch (container)
        {
            case PickleDictionary dictionary:
                foreach (var (key, value) in dictionary.Items)
                {
                    Add(value, name, key, depth);
                }

                break;
            case PickleList list:
                AddAll(list.Items, name, depth);
                break;
            case PickleTuple tuple:
                AddAll(tuple.Items, name, depth);
                break;
        }
    }

    private void AddAll(IReadOnlyList<object?> items, string? name, int depth)
    {
        for (var i = 0; i < items.Count; i++)
        {
            Add(items[i], name, (long)i, depth);
        }
    }

    private void Add(object? value, string? outer, object? key, int depth)
    {
        Spend(1);
        if (value is TorchTensor tensor)
        {
            if (tensors.Count == PickleReader.MostTensors)
            {
                throw Refuse($"holds more than {PickleReader.MostTensors} tensors");
            }

            tensors.Add((Join(outer, key) ?? throw Refuse("holds a tensor under a key that is neither text nor a whole number"), tensor));
        }
        else if (value is PickleContainer container)
        {
            Add(container, Join(outer, key), depth < MostNesting ? depth + 1 : throw Endless());
        }
    }

    private string? Join(string? outer, object? key)
    {
        var own = key switch { string text => text, long number => number.ToString(CultureInfo.InvariantCulture), _ => null };
        if (outer is null || own is null)
        {
            return null;
        }

        Spend(outer.Length + own.Length);
        return outer.Length == 0 ? own : $"{outer}.{own}";
    }

    private void Spend(int characters)
    {
        budget -= characters;
        if (budget < 0)
        {
            throw Endless();
        }
    }

    private CheckpointException Endless() => Refuse("holds dictionaries and lists that hold each other too deeply or too often, or themselves");

    private CheckpointException Refuse(string what) => new($"{path} {what}");
}
