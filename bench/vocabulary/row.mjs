// A row of the table of vocabularies, from what `beret tokenize` writes.
//
// usage: beret tokenize … | node row.mjs NAME SIZE SECONDS WORDS UNKNOWN-ID
import { createInterface } from 'node:readline';

const [name, size, seconds, words, unknown] = process.argv.slice(2);
let tokens = 0;
let unknownTokens = 0;
for await (const line of createInterface({ input: process.stdin })) {
    const { ids } = JSON.parse(line);
    tokens += ids.length;
    unknownTokens += ids.filter(id => id === +unknown).length;
}

console.log(`| ${name} | ${size} | ${seconds} | ${(tokens / words).toFixed(4)} | ${(100 * unknownTokens / tokens).toFixed(4)}% |`);
