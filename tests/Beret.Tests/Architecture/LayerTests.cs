using System.Reflection;
using System.Reflection.Emit;

namespace Beret.Tests.Architecture;

/// <summary>The library's layers look left only, by the table of <see cref="Layers"/>.</summary>
public class LayerTests
{
    /// <summary>The ways in which a type can need another.</summary>
    public enum Way
    {
        BaseType,
        Field,
        Parameter,
        GenericArgument,
        LocalVariable,
        Call,
        CallAfterSwitch,
        TypeTest,
        Nested,
    }

    public static TheoryData<Way> Ways => [.. Enum.GetValues<Way>()];

    [Fact]
    public void The_compiled_library_has_only_allowed_references()
    {
        using var assembly = File.OpenRead(typeof(BeretException).Assembly.Location);
        var references = AssemblyReferences.Read(assembly);
        Assert.Contains(references, reference => reference is { From: "Beret.Models", To: "Beret.Numerics" });
        Assert.Equal([], Layers.Violations(references));
    }

    [Fact]
    public void The_compiled_server_has_only_allowed_references()
    {
        using var assembly = File.OpenRead(typeof(Beret.Server.Hosting.BeretServer).Assembly.Location);
        var references = AssemblyReferences.Read(assembly);
        Assert.Contains(references, reference => reference is { From: "Beret.Server.Servables", To: "Beret.Server.Scheduling" });
        Assert.Equal([], Layers.Violations(references));
    }

    [Fact]
    public void The_sources_mention_only_allowed_namespaces()
    {
        var references = SourceFile.In("src/Beret", "src/Beret.Server").SelectMany(file => file.References()).ToList();
        Assert.Contains(references, reference => reference is { From: "Beret.Models", To: "Beret.Numerics" });
        Assert.Equal([], Layers.Violations(references));
    }

    [Fact]
    public void Each_file_is_in_the_namespace_of_its_folder()
    {
        foreach (var file in SourceFile.In("src/Beret", "src/Beret.Server"))
        {
            var folder = string.Join('.', file.Path.Split('/')[1..^1]);
            Assert.True(file.Lines.Contains($"namespace {folder};"), $"{file.Path} is not in the namespace {folder}");
        }
    }

    [Fact]
    public void The_table_lets_no_layer_reach_to_its_right()
    {
        foreach (var (from, allowed) in Layers.Allowed.Where(pair => pair.Key != ""))
        {
            Assert.All(allowed, to => Assert.True(Place(to) <= Place(from), $"{from} may use {to}, which stands to its right"));
        }

        static int Place(string name) => Array.IndexOf(Layers.Order, name.Split('.')[0]) is >= 0 and var place ? place : throw new KeyNotFoundException(name);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_forbidden_reference_is_found_in_a_compiled_assembly(Way way)
    {
        using var assembly = Assemble(way, from: "Beret.Text", to: "Beret.Models");
        var violation = Assert.Single(Layers.Violations(AssemblyReferences.Read(assembly)).Select(one => (one.From, one.To)).Distinct());
        Assert.Equal(("Beret.Text", "Beret.Models"), violation);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void An_allowed_reference_is_not(Way way)
    {
        using var assembly = Assemble(way, from: "Beret.Models", to: "Beret.Numerics");
        var references = AssemblyReferences.Read(assembly);
        Assert.NotEmpty(references);
        Assert.Empty(Layers.Violations(references));
    }

    [Theory]
    [InlineData("using Beret.Models;")]
    [InlineData("using static Beret.Models.Bert;")]
    [InlineData("using Model = Beret.Models.Bert;")]
    [InlineData("    private Beret.Models.Bert? model;")]
    [InlineData("    private const int Size = Beret.Models.Bert.Size; // a constant")]
    public void A_forbidden_namespace_is_found_in_a_source(string line)
    {
        var file = new SourceFile("src/Beret/Text/Some.cs", ["namespace Beret.Text;", line]);
        Assert.Equal([new Reference("src/Beret/Text/Some.cs:2", "Beret.Text", "Beret.Models")], Layers.Violations(file.References()));
    }

    [Theory]
    [InlineData("using Beret.Text.Unicode;")]
    [InlineData("// as Beret.Models does it")]
    [InlineData("    var example = \"using Beret.Models;\";")]
    public void Comments_texts_and_allowed_namespaces_are_not(string line) =>
        Assert.Empty(Layers.Violations(new SourceFile("src/Beret/Text/Some.cs", ["namespace Beret.Text;", line]).References()));

    [Fact]
    public void A_namespace_that_the_table_does_not_know_may_use_nothing_and_is_used_by_none()
    {
        Assert.Single(Layers.Violations([new Reference("here", "Beret.New", "Beret.Text")]));
        Assert.Single(Layers.Violations([new Reference("here", "Beret.Reports", "Beret.New")]));
        Assert.Single(Layers.Violations([new Reference("here", "Beret.Models", "Beret.Numerics.Kernels")]));
    }

    /// <summary>An assembly in memory in which a type of one namespace needs a type of another in one way only.</summary>
    private static MemoryStream Assemble(Way way, string from, string to)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName("Example"), typeof(object).Assembly);
        var module = assembly.DefineDynamicModule("Example");
        var target = module.DefineType($"{to}.Target", TypeAttributes.Public);
        target.DefineDefaultConstructor(MethodAttributes.Public);
        var work = target.DefineMethod("Work", MethodAttributes.Public | MethodAttributes.Static, typeof(void), []);
        work.GetILGenerator().Emit(OpCodes.Ret);
        target.CreateType();

        var source = module.DefineType($"{from}.Source", TypeAttributes.Public, way == Way.BaseType ? target : typeof(object));
        var user = way == Way.Nested ? source.DefineNestedType("Inner", TypeAttributes.NestedPrivate) : source;
        if (way == Way.Field)
        {
            user.DefineField("field", target.MakeArrayType(), FieldAttributes.Private);
        }

        Type[] parameters = way switch
        {
            Way.Parameter => [target.MakeByRefType()],
            Way.GenericArgument => [typeof(Dictionary<,>).MakeGenericType(typeof(int), typeof(List<>).MakeGenericType(target))],
            _ => [],
        };
        var code = user.DefineMethod("Use", MethodAttributes.Public | MethodAttributes.Static, typeof(void), parameters).GetILGenerator();
        switch (way)
        {
            case Way.LocalVariable:
                code.DeclareLocal(target.MakePointerType());
                break;
            case Way.Call or Way.Nested:
                code.Emit(OpCodes.Call, work);
                break;
            case Way.CallAfterSwitch:
                var end = code.DefineLabel();
                code.Emit(OpCodes.Ldc_I4_1);
                code.Emit(OpCodes.Switch, [end, end, end]);
                code.Emit(OpCodes.Call, work);
                code.MarkLabel(end);
                break;
            case Way.TypeTest:
                code.Emit(OpCodes.Ldnull);
                code.Emit(OpCodes.Isinst, target);
                code.Emit(OpCodes.Pop);
                break;
        }

        code.Emit(OpCodes.Ret);
        source.CreateType();
        if (user != source)
        {
            user.CreateType();
        }

        var file = new MemoryStream();
        assembly.Save(file);
        file.Position = 0;
        return file;
    }
}
