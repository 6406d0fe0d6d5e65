using System.Globalization;
using System.Xml.Linq;
using Beret.Reports;

namespace Beret.Tests.Reports;

public class ModelDiagramSvgTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly DiagramNode[] Tutorial =
    [
        new("text", "Input", [], "[batch]"),
        new("preprocessing", "WordPiece", ["text"], "input_word_ids [batch, 128]\ninput_mask [batch, 128]\ninput_type_ids [batch, 128]"),
        new("BERT_encoder", "Bert", ["preprocessing"], "[batch, 384]", Detail: "22,713,216 parameters"),
        new("dropout", "Dropout", ["BERT_encoder"], "[batch, 384]"),
        new("classifier", "Dense", ["dropout"], "[batch, 1]"),
    ];

    [Fact]
    public void The_tutorials_model_from_top_to_bottom_with_an_arrow_between_neighbours()
    {
        var root = XDocument.Parse(ModelDiagramSvg.Render(Tutorial)).Root!;
        var headings = root.Descendants(Svg + "text").Where(t => (string?)t.Attribute("class") == "strong").ToList();

        Assert.Equal(["text: Input", "preprocessing: WordPiece", "BERT_encoder: Bert", "dropout: Dropout", "classifier: Dense"], headings.Select(t => t.Value));
        Assert.Equal(headings.OrderBy(t => Number(t, "y")), headings);
        Assert.Equal(4, root.Elements(Svg + "path").Count(p => (string?)p.Attribute("class") == "arrow"));
        Assert.Contains("BERT_encoder (Bert) reads preprocessing, output [batch, 384]", root.Element(Svg + "desc")!.Value);
    }

    [Fact]
    public void Order_of_the_list_does_not_matter() =>
        Assert.Equal(
            XDocument.Parse(ModelDiagramSvg.Render(Tutorial)).Root!.Elements(Svg + "path").Count(),
            XDocument.Parse(ModelDiagramSvg.Render([.. Tutorial.Reverse()])).Root!.Elements(Svg + "path").Count());

    [Fact]
    public void Repeated_layers_and_groups_are_drawn_as_such()
    {
        var root = XDocument.Parse(ModelDiagramSvg.Render(
        [
            Tutorial[0],
            new("layer", "Transformer block", ["text"], "[batch, 128, 384]", Repeat: 6, Group: "encoder"),
            new("pooler", "Dense + tanh", ["layer"], "[batch, 384]", Group: "encoder"),
        ])).Root!;

        Assert.Contains(root.Descendants(Svg + "text"), t => t.Value == "× 6");
        var frame = root.Elements(Svg + "rect").Single(r => (string?)r.Attribute("class") == "frame");
        foreach (var box in root.Descendants(Svg + "rect").Where(r => (string?)r.Attribute("class") == "box").Skip(1))
        {
            Assert.True(Number(box, "y") > Number(frame, "y") && Number(box, "y") + Number(box, "height") < Number(frame, "y") + Number(frame, "height"));
        }
    }

    [Fact]
    public void Branches_lie_beside_each_other_without_overlap()
    {
        var layout = XDocument.Parse(ModelDiagramSvg.Render(
        [
            new("a", "Input", [], "[b]"), new("b", "Left", ["a"], "[b]"), new("c", "Right", ["a"], "[b]"), new("d", "Deep", ["c"], "[b]"), new("sum", "Add", ["a", "b", "d"], "[b]"),
        ])).Root!;
        var boxes = layout.Descendants(Svg + "rect").Where(r => (string?)r.Attribute("class") == "box").ToList();

        foreach (var (one, other) in boxes.SelectMany((one, i) => boxes.Skip(i + 1).Select(other => (one, other))))
        {
            Assert.True(
                Number(one, "x") + Number(one, "width") <= Number(other, "x") || Number(other, "x") + Number(other, "width") <= Number(one, "x")
                || Number(one, "y") + Number(one, "height") <= Number(other, "y") || Number(other, "y") + Number(other, "height") <= Number(one, "y"));
        }
    }

    [Fact]
    public void What_is_no_diagram_is_refused_by_name()
    {
        Assert.Contains("\"b\" reads \"x\"", Assert.Throws<ReportException>(() => ModelDiagramSvg.Render([new("b", "B", ["x"], "")])).Message);
        Assert.Contains("two nodes named \"a\"", Assert.Throws<ReportException>(() => ModelDiagramSvg.Render([new("a", "A", [], ""), new("a", "A", [], "")])).Message);
        Assert.Contains("circle", Assert.Throws<ReportException>(() => ModelDiagramSvg.Render([new("a", "A", ["b"], ""), new("b", "B", ["a"], "")])).Message);
    }

    [Fact]
    public void A_long_or_hostile_name_is_cut_and_stays_text()
    {
        var root = XDocument.Parse(ModelDiagramSvg.Render([new(new string('m', 100_000), "</text><script>", [], "<&>\u0001")])).Root!;
        Assert.Empty(root.Descendants(Svg + "script"));
        Assert.True(Number(root, "width") < 500);
    }

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
