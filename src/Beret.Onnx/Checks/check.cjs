// Runs an exported model in ONNX Runtime, or an exported folder in a pipeline of Hugging Face, and prints what it answers.
// A request is one JSON object on standard input: { model, ids, types } or { folder, dtype, texts }; the packages lie in the folder that node works in.
const { createRequire } = require('node:module');
const { join, dirname, basename } = require('node:path');
const { pathToFileURL } = require('node:url');
const modules = createRequire(join(process.cwd(), 'check.cjs'));

async function logits({ model, ids, types, padding }) {
    const ort = modules('onnxruntime-node');
    const session = await ort.InferenceSession.create(model);
    const longest = Math.max(...ids.map(row => row.length));
    const filled = (rows, filler) => new ort.Tensor(
        'int64', BigInt64Array.from(rows.flatMap(row => [...row, ...Array(longest - row.length).fill(filler)]).map(BigInt)), [rows.length, longest]);
    const inputs = { input_ids: filled(ids, padding), attention_mask: filled(ids.map(row => row.map(() => 1)), 0) };
    if (session.inputNames.includes('token_type_ids')) inputs.token_type_ids = filled(types, 0);
    const { logits: output } = await session.run(inputs);
    return { by: `onnxruntime-node ${modules('onnxruntime-node/package.json').version}`, shape: output.dims, logits: [...output.data] };
}

async function answers({ folder, dtype, texts }) {
    const entry = modules.resolve('@huggingface/transformers');
    const { pipeline, env } = await import(pathToFileURL(entry));
    Object.assign(env, { allowRemoteModels: false, localModelPath: dirname(folder) });
    const classify = await pipeline('text-classification', basename(folder), { dtype, device: 'cpu' });
    const found = [];
    for (const text of texts) found.push((await classify(text, { top_k: null })).map(({ label, score }) => ({ label, score })));
    return { by: `@huggingface/transformers ${env.version}`, answers: found };
}

let request = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', part => { request += part; });
process.stdin.on('end', async () => {
    try {
        const asked = JSON.parse(request);
        process.stdout.write(JSON.stringify(await (asked.folder ? answers : logits)(asked)));
    } catch (error) {
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
    }
});
