using Beret.Server.Operations;
using Beret.Server.Servables;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Protocols;

/// <summary>What every protocol needs.</summary>
internal sealed record ProtocolServices(
    ModelStore Models, ClassificationService Classification, ServerInformation Server, ServerMetrics Metrics, TimeProvider Clock, ILogger Log);
