namespace Beret.Reports;

/// <summary>The style sheet of the HTML report.</summary>
internal static class ReportStyle
{
    public const string Css =
        """
        :root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --card: #f6f8fa; --page: #ffffff; --right: 23,102,194; --wrong: 200,50,31; --accent: #1766c2; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e6edf3; --quiet: #9198a1; --line: #30363d; --card: #151b23; --page: #0d1117; --right: 56,139,253; --wrong: 248,81,73; --accent: #79c0ff; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.75rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; overflow-wrap: anywhere; }
        h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
        p { margin: .25rem 0 .75rem; color: var(--quiet); }
        .lead { font-size: 1.05rem; margin: .35rem 0 0; overflow-wrap: anywhere; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin-top: 1.5rem; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
        .tile .name, .tile .range { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
        .tile .figure { font-size: 1.75rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2.5rem; }
        dl { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); margin: 0; font-size: .925rem; }
        dt, dd { margin: 0; padding: .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; }
        dt { color: var(--quiet); padding-right: 1.25rem; max-width: 14rem; }
        figure { margin: 0; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
        figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
        figure + .scroll { margin-top: 1rem; }
        .scroll { overflow-x: auto; }
        .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: .925rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
        th { font-weight: 500; }
        thead th { color: var(--quiet); font-size: .85rem; vertical-align: bottom; }
        th:first-child, td:first-child { text-align: left; padding-left: 0; }
        .numbers, .samples { width: 100%; }
        .numbers td, .samples td:nth-child(3) { white-space: nowrap; }
        .numbers tbody th { min-width: 7rem; max-width: 24rem; overflow-wrap: break-word; }
        .track { display: inline-block; position: relative; width: 8rem; height: .5rem; border-radius: .25rem; background: var(--line); vertical-align: middle; }
        .track span { position: absolute; top: 0; height: 100%; min-width: 3px; border-radius: .25rem; background: var(--accent); opacity: .55; }
        .track i { position: absolute; top: -.2rem; height: .9rem; width: 2px; margin-left: -1px; background: var(--accent); }
        .heat { border-collapse: separate; border-spacing: 3px; }
        .heat th { border: 0; max-width: 12rem; overflow-wrap: break-word; }
        .heat tbody th { vertical-align: middle; padding-right: .75rem; }
        .heat thead th { text-align: center; }
        .heat td { min-width: 5rem; padding: .6rem .75rem; text-align: center; border: 0; border-radius: .35rem; font-weight: 600; }
        .heat td.right { background: rgba(var(--right), calc(.04 + .5 * var(--share))); }
        .heat td.wrong { background: rgba(var(--wrong), calc(.04 + .5 * var(--share))); }
        .heat small { display: block; font-weight: 400; }
        .samples td:first-child { width: 60%; min-width: 11rem; overflow-wrap: anywhere; white-space: pre-line; }
        .samples th:nth-child(2), .samples td:nth-child(2), .samples th:nth-child(4), .samples td:nth-child(4) { text-align: left; max-width: 14rem; overflow-wrap: break-word; }
        .notes { color: var(--quiet); font-size: .925rem; padding-left: 1.25rem; }
        .narrow { display: none; }
        @media (max-width: 36rem) {
          main { padding: 1.25rem 1rem 3rem; }
          h1 { font-size: 1.4rem; }
          .tiles { grid-template-columns: 1fr 1fr; }
          .tile .figure { font-size: 1.4rem; }
          .wide, .metrics th:nth-child(4), .metrics td:nth-child(4) { display: none; }
          .narrow { display: block; }
          .heat td { min-width: 4rem; padding: .5rem; }
          th, td { padding: .4rem .5rem; }
          dl { grid-template-columns: minmax(6rem, 40%) minmax(0, 1fr); }
        }
        @media print { main { max-width: none; } section { break-inside: avoid-page; } .scroll { overflow: visible; } }

        """;
}
