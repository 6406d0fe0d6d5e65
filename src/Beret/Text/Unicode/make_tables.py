#!/usr/bin/env python3
"""Makes the Unicode tables of the tokenizers.  Usage: make_tables.py FOLDER RECORDED  (see README.md beside this file).

tables.bin is what BERT's tokenizers need, pipeline.bin what tokenizer.json may ask for beyond that; RECORDED is what record_tables.js wrote.
FOLDER holds the recorded tables of Hugging Face tokenizers and TF-Text (hf_classes.tsv.gz, tf_uncased.tsv.gz, ...). The tables of the
original Google tokenizer, which is written in Python, come from unicodedata of the Python that runs this script: it must be 14.0 (Python 3.11).
"""
import gzip, os, sys, unicodedata, zlib

assert unicodedata.unidata_version == "14.0.0", "run this with Python 3.11: the Google tables are those of Unicode 14"
folder = sys.argv[1]
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)


def rows(name):
    with gzip.open(os.path.join(folder, name + ".tsv.gz"), "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def mapping(name):
    return {int(r[0], 16): [int(x, 16) for x in r[1].split()] for r in rows(name)}


def classes(name):
    sets = {}
    for r in rows(name):
        sets.setdefault(r[0], set()).update(range(int(r[1], 16), int(r[2], 16) + 1))
    return sets


hf, tf = classes("hf_classes"), classes("tf_classes")
ccc = {int(r[0], 16): int(r[1]) for r in rows("ccc")}
strip, fold, nfd, uncased = mapping("hf_nfd_strip"), mapping("tf_casefold"), mapping("tf_nfd"), mapping("tf_uncased")

# A dropped character takes part in reordering with the class of the first mark that it becomes: U+0F73 has class 0 itself and becomes 129, 130;
# the half-width mark U+FF9F has class 0 and is folded to one of class 8.
def reordering_classes(own, mapping, decompose):
    result = dict(own)
    for c in [c for c, v in mapping.items() if not v]:
        result.pop(c, None)
        if own.get(decompose(c)[0]):
            result[c] = own[decompose(c)[0]]
    return result


# Hugging Face orders marks by Unicode 9.0, the recorded classes are newer: keep those that were marks in 9.0.
hf_ccc = reordering_classes({c: v for c, v in ccc.items() if c in hf["combining_mark"]}, strip, lambda c: nfd.get(c, [c]))
gone = {c for c, v in fold.items() if not v}
tf_uncased = {c: v for c, v in uncased.items() if c not in gone}
tf_ccc = reordering_classes(ccc, tf_uncased, lambda c: [x for f in fold.get(c, [c]) for x in nfd.get(f, [f])])

py_ccc = {c: unicodedata.combining(chr(c)) for c in SCALARS if unicodedata.combining(chr(c))}
py_category = {c: unicodedata.category(chr(c)) for c in SCALARS}


def google(c):
    return [ord(x) for x in unicodedata.normalize("NFD", chr(c).lower()) if unicodedata.category(x) != "Mn"]


google_uncased = {c: google(c) for c in SCALARS if c not in HANGUL and google(c) != [c]}


def is_cased(c):  # cased and not case-ignorable, as str.lower sees it
    return (chr(c) + "\u03a3").lower()[-1] == "\u03c2"


def is_case_ignorable(c):
    return ("a" + chr(c) + "\u03a3").lower()[-1] == "\u03c2" and not is_cased(c)


py_white = {c for c in SCALARS if chr(c).isspace()}
py_deleted = {c for c in SCALARS if (py_category[c] in ("Cc", "Cf") and c not in (9, 10, 13)) or c in (0, 0xFFFD)}
ASCII_PUNCTUATION = {c for c in range(33, 127) if not chr(c).isalnum()}

tables = [
    ("hf.deleted", hf["deleted"]),
    ("hf.space", hf["space"]),
    ("hf.white", hf["white_pretok"]),
    ("hf.cjk", hf["cjk"]),
    ("hf.punctuation", hf["punct"]),
    ("hf.strip", strip),
    ("hf.lower", mapping("hf_lower")),
    ("hf.order", hf_ccc),
    ("tf.deleted", gone),
    ("tf.space", tf["cc_cf"] | {0x20}),
    ("tf.alone", tf["split_keep"]),
    ("tf.uncased", tf_uncased),
    ("tf.order", tf_ccc),
    ("google.deleted", py_deleted),
    ("google.white", py_white - py_deleted),
    ("google.punctuation", ASCII_PUNCTUATION | {c for c in SCALARS if py_category[c][0] == "P"}),
    ("google.uncased", google_uncased),
    ("google.order", reordering_classes(py_ccc, google_uncased, lambda c: [ord(x) for x in unicodedata.normalize("NFD", chr(c))])),
    ("google.cased", {c for c in SCALARS if is_cased(c)}),
    ("google.ignorable", {c for c in SCALARS if is_case_ignorable(c)}),
]


def varint(n, out):
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def ranges(values):
    result = []
    for c in sorted(values):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def packed(tables):
    data = bytearray()
    varint(len(tables), data)
    for name, table in tables:
        varint(len(name), data)
        data += name.encode()
        previous = 0
        if isinstance(table, set):
            data.append(0)
            varint(len(ranges(table)), data)
            for first, last in ranges(table):
                varint(first - previous, data)
                varint(last - first, data)
                previous = last
        else:
            data.append(1)
            varint(len(table), data)
            for c in sorted(table):
                value = table[c]
                value = value if isinstance(value, list) else [value]
                varint(c - previous, data)
                varint(len(value), data)
                for x in value:
                    d = x - c
                    varint(d * 2 if d >= 0 else -d * 2 - 1, data)
                previous = c
    return zlib.compress(bytes(data), 9)


def recorded(name):
    with open(os.path.join(sys.argv[2], name + ".tsv"), encoding="ascii") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def recorded_map(name):
    return {int(r[0], 16): [int(x, 16) for x in r[1].split()] for r in recorded(name) if int(r[0], 16) not in HANGUL}


def recorded_set(name):
    return {c for r in recorded(name) for c in range(int(r[0], 16), int(r[1], 16) + 1)}


marks = {int(r[0], 16) for r in recorded("strip_accents")}
compose = {}
for first, second, composed in recorded("compose"):
    compose.setdefault(int(first, 16), []).extend([int(second, 16), int(composed, 16)])

pipeline = [
    ("nfd", recorded_map("nfd")),
    ("nfkd", recorded_map("nfkd")),
    ("class", {c: v for c, v in ccc.items() if c in marks}),
    ("compose", compose),
    ("mark", marks),
    ("letter", recorded_set("letter")),
    ("number", recorded_set("number")),
    ("word", recorded_set("word")),
    ("digit", recorded_set("digit")),
]

# What the programs around ALBERT's SentencePiece do before it: TF-Text's and Python's own normalisation.
def without_marks(c):
    return [ord(x) for x in unicodedata.normalize("NFKD", chr(c)) if not unicodedata.combining(x)]


sentencepiece = [
    ("tf.nfd", nfd),
    ("tf.mn", tf["mn"]),
    ("tf.casefold", fold),
    ("tf.class", ccc),
    ("tf.composite", {int(r[2], 16): [int(r[0], 16), int(r[1], 16)] for r in rows("compose")}),
    ("python.nfkd", {c: without_marks(c) for c in SCALARS if c not in HANGUL and without_marks(c) != [c]}),
    ("python.lower", {c: [ord(x) for x in chr(c).lower()] for c in SCALARS if chr(c).lower() != chr(c)}),
    ("python.digit", {c for c in SCALARS if chr(c).isdigit()}),
]

for name, content in (("tables.bin", tables), ("pipeline.bin", pipeline), ("sentencepiece.bin", sentencepiece)):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "wb") as file:
        file.write(packed(content))
