// A peer of `beret vocab`: the trainers of Hugging Face tokenizers (npm's package), with the settings they have by default.
//
// usage: node hf_train.mjs wordpiece|unigram SIZE TEXTS.txt FOLDER
//
// The package trains 30,000 WordPiece tokens, characters first and then a piece for each merge: its first SIZE − 5 after the five special ones are what it trains for SIZE, since a
// merge does not depend on later ones. For Unigram it trains 8,000 and no other size.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The package lies in the folder that the caller works in.
const require = createRequire(`${process.cwd()}/`);
const hf = require('tokenizers');

const [type, size, texts, folder] = process.argv.slice(2);
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const isUnigram = type === 'unigram';
const tokenizer = new hf.Tokenizer(isUnigram ? hf.Unigram.empty() : hf.WordPiece.empty());
tokenizer.setNormalizer(hf.bertNormalizer({ handleChineseChars: !isUnigram }));
tokenizer.setPreTokenizer(isUnigram ? hf.sequencePreTokenizer([hf.whitespaceSplitPreTokenizer(), hf.metaspacePreTokenizer()]) : hf.bertPreTokenizer());
tokenizer.train([texts]);
mkdirSync(folder, { recursive: true });
tokenizer.save(`${folder}/tokenizer.json`);
const json = JSON.parse(readFileSync(`${folder}/tokenizer.json`));
if (isUnigram) {
    if (+size !== json.model.vocab.length) {
        console.error(`the package trains ${json.model.vocab.length} Unigram pieces, not ${size}`);
    }

    json.model.vocab = [...special.map(token => [token, 0]), ...json.model.vocab.filter(([piece]) => !special.includes(piece))];
    json.model.unk_id = 1;
} else {
    const pieces = Object.entries(json.model.vocab).sort((a, b) => a[1] - b[1]).map(([piece]) => piece);
    json.model.vocab = Object.fromEntries([...special, ...pieces].slice(0, +size).map((piece, id) => [piece, id]));
}

json.added_tokens = special.map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
json.post_processor = { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] };
writeFileSync(`${folder}/tokenizer.json`, JSON.stringify(json));
