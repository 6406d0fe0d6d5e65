// The table of the ways to read long texts, from what bench/long-texts/run leaves.
//
// usage: node table.mjs FOLDER NAME …
import { readFileSync } from 'node:fs';

const [folder, ...rows] = process.argv.slice(2);
const read = name => readFileSync(`${folder}/${name}`, 'utf8');

console.log('| | test accuracy | 95% interval | ROC-AUC | training | evaluation |\n|---|---|---|---|---|---|');
for (const row of rows) {
    const trained = JSON.parse(read(`${row}.training.json`));
    const result = JSON.parse(read(`${row}.evaluation.json`));
    const seconds = +read(`${row}.evaluation.seconds`);
    const [low, high] = result.intervals_95.accuracy;
    const [truncation, length] = [row.slice(0, row.lastIndexOf('-')), row.slice(row.lastIndexOf('-') + 1)];
    console.log(
        `| ${truncation} ${length} | ${result.accuracy.toFixed(4)} | ${low.toFixed(4)} to ${high.toFixed(4)} | ${result.roc_auc.toFixed(4)} `
        + `| ${Math.round(trained.seconds / 60)} min | ${(result.examples / seconds).toFixed(0)} texts/s |`);
}
