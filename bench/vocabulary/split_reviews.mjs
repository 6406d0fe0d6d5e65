// The reviews of IMDB's train folder, labelled and not, as lines: those to learn from, and every tenth labelled one held out.
//
// usage: node split_reviews.mjs aclImdb_v1.tar.gz TRAIN.txt HELD-OUT.txt
import { createReadStream, createWriteStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

const [archive, train, heldOut] = process.argv.slice(2);
const files = { train: createWriteStream(train), heldOut: createWriteStream(heldOut) };
let pending = Buffer.alloc(0);
for await (const chunk of createReadStream(archive).pipe(createGunzip())) {
    pending = Buffer.concat([pending, chunk]);

    // A tar entry is a header of 512 bytes, the name first and the size in octal at 124, and a body filled up to a multiple of 512.
    let at = 0;
    while (pending.length - at >= 512) {
        const size = parseInt(pending.toString('latin1', at + 124, at + 136), 8) || 0;
        const end = at + 512 + Math.ceil(size / 512) * 512;
        if (end > pending.length) {
            break;
        }

        const name = pending.toString('latin1', at, pending.indexOf(0, at));
        const review = /^aclImdb\/train\/(pos|neg|unsup)\/(\d+)_\d+\.txt$/.exec(name);
        if (review) {
            const isHeldOut = review[1] !== 'unsup' && review[2] % 10 === 0;
            files[isHeldOut ? 'heldOut' : 'train'].write(pending.toString('utf8', at + 512, at + 512 + size).replace(/[\r\n]/g, ' ') + '\n');
        }

        at = end;
    }

    pending = pending.subarray(at);
}

files.train.end();
files.heldOut.end();
