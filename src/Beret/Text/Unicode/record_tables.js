// Records what Hugging Face tokenizers do to every scalar, for make_tables.py.  Usage: npm install tokenizers@0.23.2; node record_tables.js FOLDER
const { Tokenizer, nfdNormalizer, nfcNormalizer, nfkdNormalizer, stripAccentsNormalizer } = require('tokenizers');
const fs = require('fs');
const path = require('path');

const folder = process.argv[2];
const scalars = [];
for (let c = 0; c < 0x110000; c++) if (c < 0xd800 || c > 0xdfff) scalars.push(c);
const hex = c => c.toString(16).toUpperCase();

function write(name, lines) {
  fs.writeFileSync(path.join(folder, name + '.tsv'), lines.join('\n') + '\n');
}

function preTokenizer(settings) {
  return Tokenizer.fromString(JSON.stringify({
    version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: settings, post_processor: null,
    decoder: null, model: { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' },
  })).getPreTokenizer();
}

function mapping(name, normalizer) {
  const changed = c => [...normalizer.normalizeString(String.fromCodePoint(c))].map(x => hex(x.codePointAt(0))).join(' ');
  write(name, scalars.map(c => [hex(c), changed(c)]).filter(([c, to]) => c !== to).map(row => row.join('\t')));
}

function set(name, settings, text, isMember) {
  const split = preTokenizer(settings);
  const ranges = [];
  for (const c of scalars) {
    if (!isMember(split.preTokenizeString(text(String.fromCodePoint(c))))) continue;
    const last = ranges[ranges.length - 1];
    if (last && last[1] === c - 1) last[1] = c; else ranges.push([c, c]);
  }
  write(name, ranges.map(r => r.map(hex).join('\t')));
}

const regex = pattern => ({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: false });
const disappears = pieces => pieces.length === 0;
mapping('nfd', nfdNormalizer());
mapping('nfkd', nfkdNormalizer());
mapping('strip_accents', stripAccentsNormalizer());
set('letter', regex('\\p{L}'), c => c, disappears);
set('number', regex('\\p{N}'), c => c, disappears);
set('word', { type: 'Whitespace' }, c => 'a' + c + 'b', pieces => pieces.length === 1);
set('digit', { type: 'Digits', individual_digits: true }, c => 'a' + c, pieces => pieces.length === 2);

// What two scalars of a canonical decomposition compose to, if they do.
const nfc = nfcNormalizer();
const nfd = nfdNormalizer();
const pairs = [];
for (const c of scalars) {
  const parts = [...nfd.normalizeString(String.fromCodePoint(c))];
  if (parts.length < 2 || (c >= 0xac00 && c < 0xd7a4)) continue;
  const first = nfc.normalizeString(parts.slice(0, -1).join(''));
  const last = parts[parts.length - 1];
  if ([...first].length === 1 && nfc.normalizeString(first + last) === String.fromCodePoint(c)) {
    pairs.push([first.codePointAt(0), last.codePointAt(0), c].map(hex).join('\t'));
  }
}
write('compose', pairs);
