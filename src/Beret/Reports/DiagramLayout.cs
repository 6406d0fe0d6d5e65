namespace Beret.Reports;

/// <summary>
/// Places the nodes of an acyclic diagram in rows, from inputs to outputs (K. Sugiyama, S. Tagawa, M. Toda, IEEE SMC 11, 1981): the row is the
/// longest path from an input, edges that skip
/// rows get a place in each row they pass, and the rows are ordered by the mean position of their neighbours.
/// </summary>
internal sealed class DiagramLayout
{
    private const int MostNodes = 2000, MostPlaces = 20000;

    private DiagramLayout(List<List<Place>> rows, List<Edge> edges)
    {
        Rows = rows;
        Edges = edges;
    }

    /// <summary>The rows from top to bottom, each from left to right.</summary>
    public IReadOnlyList<IReadOnlyList<Place>> Rows { get; }

    /// <summary>Every connection, as the places it passes from its source to its target.</summary>
    public IReadOnlyList<Edge> Edges { get; }

    /// <exception cref="ReportException">A name occurs twice, an input is not there, the nodes form a circle, or there are too many.</exception>
    public static DiagramLayout Of(IReadOnlyList<DiagramNode> nodes)
    {
        if (nodes.Count > MostNodes)
        {
            throw new ReportException($"a diagram of {nodes.Count} nodes cannot be read; fold repeated layers into one node with Repeat (at most {MostNodes})");
        }

        var rowOf = RowsOf(nodes);
        var rows = Enumerable.Range(0, nodes.Count == 0 ? 0 : rowOf.Values.Max() + 1).Select(_ => new List<Place>()).ToList();
        var places = new Dictionary<string, Place>();
        foreach (var node in nodes)
        {
            places[node.Name] = Add(node, rowOf[node.Name]);
        }

        var edges = new List<Edge>();
        foreach (var node in nodes)
        {
            foreach (var input in node.Inputs.Distinct())
            {
                var path = new List<Place> { places[input] };
                for (var row = rowOf[input] + 1; row < rowOf[node.Name]; row++)
                {
                    path.Add(Add(null, row));
                }

                path.Add(places[node.Name]);
                edges.Add(new Edge(path));
            }
        }

        var layout = new DiagramLayout(rows, edges);
        for (var sweep = 0; sweep < 4; sweep++)
        {
            layout.Order(downwards: sweep % 2 == 0);
        }

        return layout;

        Place Add(DiagramNode? node, int row)
        {
            if (rows.Sum(r => r.Count) >= MostPlaces)
            {
                throw new ReportException("the diagram's connections skip too many layers to be drawn; leave some out");
            }

            var place = new Place(node, row) { Column = rows[row].Count };
            rows[row].Add(place);
            return place;
        }
    }

    private static Dictionary<string, int> RowsOf(IReadOnlyList<DiagramNode> nodes)
    {
        var byName = new Dictionary<string, DiagramNode>();
        foreach (var node in nodes)
        {
            if (!byName.TryAdd(node.Name, node))
            {
                throw new ReportException($"the diagram has two nodes named \"{node.Name}\"; names must be unique");
            }
        }

        foreach (var node in nodes)
        {
            if (node.Inputs.FirstOrDefault(input => !byName.ContainsKey(input)) is { } missing)
            {
                throw new ReportException($"node \"{node.Name}\" reads \"{missing}\", which is not in the diagram");
            }
        }

        // Nodes whose inputs all have a row are given theirs, until none is left or none can be given.
        var rows = new Dictionary<string, int>();
        var readers = nodes.SelectMany(node => node.Inputs.Distinct().Select(input => (input, node))).ToLookup(pair => pair.input, pair => pair.node);
        var waiting = nodes.ToDictionary(node => node.Name, node => node.Inputs.Distinct().Count());
        var ready = new Queue<DiagramNode>(nodes.Where(node => node.Inputs.Count == 0));
        while (ready.TryDequeue(out var node))
        {
            rows[node.Name] = node.Inputs.Count == 0 ? 0 : node.Inputs.Max(input => rows[input]) + 1;
            foreach (var reader in readers[node.Name])
            {
                if (--waiting[reader.Name] == 0)
                {
                    ready.Enqueue(reader);
                }
            }
        }

        return rows.Count == nodes.Count
            ? rows
            : throw new ReportException($"node \"{nodes.First(node => !rows.ContainsKey(node.Name)).Name}\" reads its own output by way of others; a diagram must not have circles");
    }

    private void Order(bool downwards)
    {
        var neighbours = Edges
            .SelectMany(edge => edge.Path.Zip(edge.Path.Skip(1)))
            .Select(pair => downwards ? (At: pair.Second, From: pair.First) : (At: pair.First, From: pair.Second))
            .ToLookup(pair => pair.At, pair => pair.From);
        foreach (var row in downwards ? Rows : Rows.Reverse())
        {
            var sorted = row.OrderBy(place => neighbours[place].Select(n => n.Centre).DefaultIfEmpty(place.Centre).Average()).ToList();
            for (var column = 0; column < sorted.Count; column++)
            {
                sorted[column].Column = column;
            }

            ((List<Place>)row).Sort((a, b) => a.Column.CompareTo(b.Column));
            foreach (var place in row)
            {
                place.Centre = place.Column - (row.Count - 1) / 2.0;
            }
        }
    }

    /// <summary>A place in a row: a node, or where an edge passes the row.</summary>
    internal sealed class Place(DiagramNode? node, int row)
    {
        public DiagramNode? Node { get; } = node;

        public int Row { get; } = row;

        public int Column { get; set; }

        /// <summary>The column counted from the row's middle.</summary>
        public double Centre { get; set; }

        /// <summary>The middle of its upper edge, in pixels, once placed.</summary>
        public double X { get; set; }

        public double Y { get; set; }

        public double Width { get; set; }

        public double Height { get; set; }
    }

    /// <summary>A connection and the places it passes.</summary>
    internal sealed record Edge(IReadOnlyList<Place> Path);
}
