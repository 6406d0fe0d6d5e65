// The table of exported graphs, from what bench/export/run leaves.
//
// usage: node table.mjs RESULTS.jsonl
import { readFileSync } from 'node:fs';

const results = readFileSync(process.argv[2], 'utf8').trim().split('\n').map(line => JSON.parse(line));
const names = { infer: 'a batch of 32 × 128 tokens', ragged: '256 reviews cut at 128 tokens, padded in batches of 32', single: 'one text of 16 tokens' };

/** The median of the rounds, in milliseconds. */
function median(kind, graph, precision) {
    const times = results.filter(one => one.kind === kind && one.graph === graph && one.precision === precision).map(one => one.seconds).sort((x, y) => x - y);
    return 1e3 * (times[(times.length - 1) >> 1] + times[times.length >> 1]) / 2;
}

const shown = time => time >= 100 ? time.toFixed(0) : time.toPrecision(3);
console.log(`${results[0].by}, ${results[0].name.split(' b')[0]}\n`);
console.log('| | PyTorch\'s export, fp32 | Beret\'s export, fp32 | | Beret\'s export, int8 |\n|---|---:|---:|---|---:|');
for (const [kind, name] of Object.entries(names)) {
    const [torch, beret, bytes] = [median(kind, 'torch', 'fp32'), median(kind, 'beret', 'fp32'), median(kind, 'beret', 'int8')];
    console.log(`| ${name} | ${shown(torch)} ms | ${shown(beret)} ms | ${(torch / beret).toFixed(2)} × as fast | ${shown(bytes)} ms |`);
}
