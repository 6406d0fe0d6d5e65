// A peer of `beret serve`: a classifier in ONNX Runtime (npm's onnxruntime-node, tokenized by @huggingface/transformers) behind Node's own HTTP server.
//
// usage: node ort_server.mjs THREADS FOLDER PORT
//
// FOLDER is what `beret export --format huggingface` writes. POST /classify with {"text": …} is answered as /v1/classify is, as far as the load generator looks. What waits while a batch is
// computed is the next batch, up to 32 texts, padded to the longest.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// The packages lie in the folder that the caller works in.
const require = createRequire(`${process.cwd()}/`);
const ort = require('onnxruntime-node');
const { AutoTokenizer, env } = require('@huggingface/transformers');

const [threads, folder, port] = process.argv.slice(2);
const mostTexts = 32;
const maxLength = 128;
env.allowRemoteModels = false;
env.localModelPath = '/';
const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
const session = await ort.InferenceSession.create(`${folder}/onnx/model.onnx`, { intraOpNumThreads: +threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' });

const waiting = [];
let isRunning = false;

async function run() {
    isRunning = true;
    while (waiting.length > 0) {
        const batch = waiting.splice(0, mostTexts);
        try {
            const encoded = tokenizer(batch.map(one => one.text), { padding: true, truncation: true, max_length: maxLength });
            const feeds = {};
            for (const name of session.inputNames) {
                feeds[name] = new ort.Tensor('int64', encoded[name].data, encoded[name].dims);
            }

            const { logits } = await session.run(feeds);
            batch.forEach((one, row) => one.answer(logits.data[row]));
        } catch (error) {
            batch.forEach(one => one.fail(error));
        }
    }

    isRunning = false;
}

createServer((request, response) => {
    const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET') {
        answer(200, {});
        return;
    }

    const parts = [];
    request.on('data', part => parts.push(part));
    request.on('end', () => {
        let text;
        try {
            ({ text } = JSON.parse(Buffer.concat(parts)));
        } catch (error) {
            answer(400, { error: error.message });
            return;
        }

        waiting.push({
            text,
            answer: logit => answer(200, { results: [{ score: 1 / (1 + Math.exp(-logit)) }] }),
            fail: error => answer(500, { error: error.message }),
        });
        if (!isRunning) {
            run();
        }
    });
}).listen(+port, '127.0.0.1');
