using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Beret.Tests.Architecture;

/// <summary>
/// Every reference from a type of an assembly to another type of it, read from the compiled file, so that none escapes by the way it is written: base types and interfaces,
/// signatures, attributes, local variables, and each instruction of each method.
/// </summary>
internal sealed class AssemblyReferences
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes).GetFields()
        .Select(field => field.GetValue(null)).OfType<OpCode>()
        .ToDictionary(code => code.Value & 0xFFFF, code => code.OperandType);

    private readonly PEReader file;
    private readonly MetadataReader metadata;
    private readonly TypesOfSignature types;
    private readonly HashSet<Reference> found = [];

    private AssemblyReferences(PEReader file)
    {
        this.file = file;
        metadata = file.GetMetadataReader();
        types = new TypesOfSignature(metadata);
    }

    public static IReadOnlyCollection<Reference> Read(Stream assembly)
    {
        using var file = new PEReader(assembly);
        var references = new AssemblyReferences(file);
        foreach (var handle in references.metadata.TypeDefinitions)
        {
            references.AddType(handle);
        }

        return references.found;
    }

    private void AddType(TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        var from = (Namespace: NamespaceOf(handle), Name: metadata.GetString(type.Name));
        Add(from.Name, Of(type.BaseType));
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            Add(from.Name, Of(metadata.GetInterfaceImplementation(implementation).Interface));
        }

        AddAttributes(from.Name, type.GetCustomAttributes());
        AddConstraints(from.Name, type.GetGenericParameters());
        foreach (var fieldHandle in type.GetFields())
        {
            var field = metadata.GetFieldDefinition(fieldHandle);
            var place = $"{from.Name}.{metadata.GetString(field.Name)}";
            Add(place, field.DecodeSignature(types, null));
            AddAttributes(place, field.GetCustomAttributes());
        }

        foreach (var propertyHandle in type.GetProperties())
        {
            AddAttributes(from.Name, metadata.GetPropertyDefinition(propertyHandle).GetCustomAttributes());
        }

        foreach (var methodHandle in type.GetMethods())
        {
            var method = metadata.GetMethodDefinition(methodHandle);
            var place = $"{from.Name}.{metadata.GetString(method.Name)}";
            Add(place, Of(method.DecodeSignature(types, null)));
            AddAttributes(place, method.GetCustomAttributes());
            AddConstraints(place, method.GetGenericParameters());
            if (method.RelativeVirtualAddress != 0)
            {
                AddBody(place, file.GetMethodBody(method.RelativeVirtualAddress));
            }
        }

        void AddAttributes(string place, CustomAttributeHandleCollection attributes)
        {
            foreach (var attribute in attributes)
            {
                Add(place, Of(metadata.GetCustomAttribute(attribute).Constructor));
            }
        }

        void AddConstraints(string place, GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(parameter => metadata.GetGenericParameter(parameter).GetConstraints()))
            {
                Add(place, Of(metadata.GetGenericParameterConstraint(constraint).Type));
            }
        }

        void AddBody(string place, MethodBodyBlock body)
        {
            if (!body.LocalSignature.IsNil)
            {
                Add(place, [.. metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(types, null).SelectMany(local => local)]);
            }

            foreach (var region in body.ExceptionRegions.Where(region => region.Kind == ExceptionRegionKind.Catch))
            {
                Add(place, Of(region.CatchType));
            }

            foreach (var token in TokensOf(body))
            {
                Add(place, Of(token));
            }
        }

        void Add(string place, ImmutableHashSet<TypeDefinitionHandle> targets)
        {
            foreach (var to in targets.Select(NamespaceOf).Where(to => to != from.Namespace))
            {
                found.Add(new Reference(place, from.Namespace, to));
            }
        }
    }

    /// <summary>The types of this assembly that a token stands for or names.</summary>
    private ImmutableHashSet<TypeDefinitionHandle> Of(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return [];
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                return [(TypeDefinitionHandle)handle];
            case HandleKind.TypeSpecification:
                return metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(types, null);
            case HandleKind.FieldDefinition:
                var field = metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                return field.DecodeSignature(types, null).Add(field.GetDeclaringType());
            case HandleKind.MethodDefinition:
                var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return Of(method.DecodeSignature(types, null)).Add(method.GetDeclaringType());
            case HandleKind.MethodSpecification:
                var specification = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                return Of(specification.Method).Union(specification.DecodeSignature(types, null).SelectMany(argument => argument));
            case HandleKind.MemberReference:
                var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                return Of(member.Parent).Union(
                    member.GetKind() == MemberReferenceKind.Field ? member.DecodeFieldSignature(types, null) : Of(member.DecodeMethodSignature(types, null)));
            case HandleKind.StandaloneSignature:
                return Of(metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle).DecodeMethodSignature(types, null));
            default:
                // Types of other assemblies.
                return [];
        }
    }

    private static ImmutableHashSet<TypeDefinitionHandle> Of(MethodSignature<ImmutableHashSet<TypeDefinitionHandle>> signature) =>
        signature.ReturnType.Union(signature.ParameterTypes.SelectMany(parameter => parameter));

    private static IEnumerable<EntityHandle> TokensOf(MethodBodyBlock body)
    {
        var tokens = new List<EntityHandle>();
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            int value = code.ReadByte();
            value = value == 0xFE ? 0xFE00 | code.ReadByte() : value;
            switch (Operands[value])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineSig or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add(MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += sizeof(int) * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineBrTarget or OperandType.InlineI or OperandType.InlineString or OperandType.ShortInlineR:
                    code.Offset += 4;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
            }
        }

        return tokens;
    }

    /// <summary>The namespace of a type, or of the type that it is nested in.</summary>
    private string NamespaceOf(TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? NamespaceOf(outer) : metadata.GetString(type.Namespace);
    }
}
