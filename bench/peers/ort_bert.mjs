// A peer of Beret.Bench: inference in ONNX Runtime (npm's onnxruntime-node), on the CPU.
//
// usage: node ort_bert.mjs THREADS infer  MODEL.onnx SIZE BATCH SEQ STEPS            PRECISION
//        node ort_bert.mjs THREADS ragged MODEL.onnx SIZE BATCH CUT TEXTS FILE.json  PRECISION
//        node ort_bert.mjs THREADS single MODEL.onnx SIZE TOKENS RUNS                PRECISION
//
// MODEL.onnx is a BERT classifier with inputs input_ids, attention_mask and, where it has one, token_type_ids. SIZE is its size as "L6 H384 A12", PRECISION that of
// its weights: both only name the measurement. What the commands do is said in torch_bert.py; the measurement is printed in the same form.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The package lies in the folder that the caller works in.
const require = createRequire(`${process.cwd()}/`);
const ort = require('onnxruntime-node');
const { version } = JSON.parse(readFileSync(require.resolve('onnxruntime-node/package.json')));

const [threads, command, model, size, ...rest] = process.argv.slice(2);
const precision = rest.pop();
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: +threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' });

const vocabulary = 30522;
const [, layers, hidden] = /^L(\d+) H(\d+) A\d+$/.exec(size).map(Number);
const work = lengths => lengths.reduce((sum, n) => sum + n * layers * (24 * hidden * hidden + 4 * n * hidden), 0);

function feed(lengths) {
    const longest = Math.max(...lengths);
    const ids = new BigInt64Array(lengths.length * longest);
    const mask = new BigInt64Array(lengths.length * longest);
    lengths.forEach((length, row) => {
        for (let i = 0; i < length; i++) {
            ids[row * longest + i] = BigInt(Math.floor(Math.random() * vocabulary));
            mask[row * longest + i] = 1n;
        }
    });
    const tensor = data => new ort.Tensor('int64', data, [lengths.length, longest]);
    const inputs = { input_ids: tensor(ids), attention_mask: tensor(mask) };
    return session.inputNames.includes('token_type_ids') ? { ...inputs, token_type_ids: tensor(new BigInt64Array(ids.length)) } : inputs;
}

async function secondsOf(inputs) {
    const start = performance.now();
    for (const one of inputs) await session.run(one);
    return (performance.now() - start) / 1e3;
}

function median(times) {
    const sorted = times.toSorted ? times.toSorted((x, y) => x - y) : [...times].sort((x, y) => x - y);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function report(name, seconds, lengths, more = {}) {
    console.log(JSON.stringify({
        kind: command, by: `ONNX Runtime ${version}`, name: `${size} ${name}`, seconds, flops: work(lengths), precision,
        texts: lengths.length, tokens: lengths.reduce((sum, n) => sum + n, 0), ...more,
    }));
}

async function repeat(inputs, runs) {
    const times = [];
    for (let i = 0; i < runs; i++) times.push(await secondsOf(inputs));
    return times;
}

if (command === 'infer') {
    const [batch, length, steps] = rest.map(Number);
    const lengths = Array(batch).fill(length);
    const inputs = [feed(lengths)];
    await repeat(inputs, 2);
    report(`b${batch} s${length}`, median(await repeat(inputs, steps)), lengths);
} else if (command === 'ragged') {
    const [batch, cut, texts] = rest.map(Number);
    const rows = JSON.parse(readFileSync(rest[3]));
    const every = Math.max(1, Math.floor(rows.length / texts));
    const lengths = rows.filter((_, i) => i % every === 0).map(row => Math.min(row.length ?? row, cut)).sort((x, y) => x - y);
    const inputs = [];
    for (let i = 0; i < lengths.length; i += batch) inputs.push(feed(lengths.slice(i, i + batch)));
    await repeat([inputs.at(-1)], 1);
    report(`cut ${cut}`, Math.min(...await repeat(inputs, 2)), lengths);
} else {
    const [tokens, runs] = rest.map(Number);
    const inputs = [feed([tokens])];
    for (const start = performance.now(); performance.now() - start < 2000;) await repeat(inputs, 1);
    const times = (await repeat(inputs, runs)).sort((x, y) => x - y);
    report(`${tokens} tokens`, median(times), [tokens], { p99: times[Math.floor(times.length * 0.99)] });
}
