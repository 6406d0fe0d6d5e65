"""A peer of Beret.Bench: the same work in PyTorch, on the CPU.

usage: torch_bert.py THREADS gemm SECONDS [PRECISION]
       torch_bert.py THREADS step   LAYERS HIDDEN HEADS BATCH SEQ STEPS [PRECISION]
       torch_bert.py THREADS resident LAYERS HIDDEN HEADS BATCH SEQ STEPS
       torch_bert.py THREADS infer  LAYERS HIDDEN HEADS BATCH SEQ STEPS [PRECISION]
       torch_bert.py THREADS ragged LAYERS HIDDEN HEADS BATCH CUT TEXTS FILE [PRECISION]
       torch_bert.py THREADS single LAYERS HIDDEN HEADS TOKENS RUNS [PRECISION]
       torch_bert.py THREADS export LAYERS HIDDEN HEADS FILE.onnx

gemm times torch.mm, which is the sgemm of the BLAS behind PyTorch, on the large shapes that Beret.Bench takes for its own peak, and gives the best.
step times what one fine-tuning step needs: forward with dropout 0.1, binary cross-entropy, backward, clipping by the global norm, AdamW; and gives the median.
resident gives the most memory that the process held while it took such steps.
infer times the forward pass of one batch without gradients; the median.
ragged times texts of the lengths in FILE (a JSON list of lengths or of lists of token ids; every so many of them, cut at CUT), sorted by length and padded to the
  longest of each batch: a whole pass, the best of two.
single gives the median and the 99th percentile of one text.
export writes the ONNX graph that the other peer runs: inputs input_ids and attention_mask, of any batch and length, output logits.
PRECISION is fp32 or bf16 (autocast). Weights and texts are random, and but for ragged nothing is padding. The model is written out in torch.nn, for any PyTorch
from 1.13 on. Prints one JSON object: the form of Beret.Bench's Measurement.
"""
import contextlib
import json
import math
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCABULARY, POSITIONS, DROPOUT, EPSILON = 30522, 512, 0.1, 1e-12


class Layer(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.up, self.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)
        self.norm1, self.norm2 = nn.LayerNorm(hidden, EPSILON), nn.LayerNorm(hidden, EPSILON)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        batch, length, hidden = x.shape

        def split(t):
            return t.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        if hasattr(F, "scaled_dot_product_attention") and not torch.onnx.is_in_onnx_export():
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=DROPOUT if self.training else 0.0)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(hidden // self.heads) + mask
            context = self.dropout(scores.softmax(-1)) @ v
        x = self.norm1(x + self.dropout(self.output(context.transpose(1, 2).reshape(batch, length, hidden))))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Classifier(nn.Module):
    def __init__(self, layers, hidden, heads):
        super().__init__()
        self.name, self.depth, self.width = f"L{layers} H{hidden} A{heads}", layers, hidden
        self.words, self.positions, self.segments = nn.Embedding(VOCABULARY, hidden), nn.Embedding(POSITIONS, hidden), nn.Embedding(2, hidden)
        self.norm, self.dropout = nn.LayerNorm(hidden, EPSILON), nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(Layer(hidden, heads) for _ in range(layers))
        self.pooler, self.head = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions.weight[:ids.shape[1]] + self.segments.weight[0]
        x = self.dropout(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.dropout(torch.tanh(self.pooler(x[:, 0]))))


def seconds_of(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def report(kind, name, seconds, flops=0, **more):
    print(json.dumps({"kind": kind, "by": f"PyTorch {torch.__version__}", "name": name, "seconds": seconds, "flops": flops, **more}))


def arithmetic(precision):
    return torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()


def median(times):
    times = sorted(times)
    return (times[(len(times) - 1) // 2] + times[len(times) // 2]) / 2


def forward_flops(layers, hidden, lengths):
    return sum(n * layers * (24.0 * hidden * hidden + 4.0 * n * hidden) for n in lengths)


def gemm(budget, precision="fp32"):
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    best = None
    for t, n, k in ((4096, 1024, 1024), (2048, 2048, 2048), (4096, 1536, 384), (4096, 384, 1536)):
        a, b = (torch.rand(t, k) - 0.5).to(kind), (torch.rand(n, k) - 0.5).to(kind).t()
        out, times = torch.empty(t, n, dtype=kind), []
        torch.mm(a, b, out=out)
        while sum(times) < budget or len(times) < 5:
            times.append(seconds_of(lambda: torch.mm(a, b, out=out)))
        flops = 2.0 * t * n * k
        if best is None or flops / min(times) > best[1] / best[0]:
            best = (min(times), flops, f"{t} × {n} × {k}")
    report("gemm", best[2], best[0], best[1], precision=precision)


def make_step(net, ids, mask, precision):
    labels = torch.randint(0, 2, (len(ids), 1)).float()
    optimizer = torch.optim.AdamW(net.parameters(), 3e-5, weight_decay=0.01)
    net.train()

    def step():
        with arithmetic(precision):
            logits = net(ids, mask)
        loss = F.binary_cross_entropy_with_logits(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return step


def make_pass(net, ids, mask, precision):
    net.eval()

    def run():
        with torch.no_grad(), arithmetic(precision):
            net(ids, mask)

    return run


def block(kind, net, batch, length, steps, precision="fp32"):
    ids, mask = torch.randint(0, VOCABULARY, (batch, length)), torch.zeros(batch, 1, 1, length)
    run = (make_step if kind == "step" else make_pass)(net, ids, mask, precision)
    run()
    run()
    times = [seconds_of(run) for _ in range(steps)]
    flops = forward_flops(net.depth, net.width, [length] * batch) * (3 if kind == "step" else 1)
    report(kind, f"{net.name} b{batch} s{length}", median(times), flops, texts=batch, tokens=batch * length, precision=precision)


def resident_of(net, batch, length, steps, before):
    step = make_step(net, torch.randint(0, VOCABULARY, (batch, length)), torch.zeros(batch, 1, 1, length), "fp32")
    times = [seconds_of(step) for _ in range(steps)]
    report("resident", f"{net.name} b{batch} s{length}", median(times), parameters=sum(p.numel() for p in net.parameters()), residentBefore=before, residentPeak=resident())


def resident():
    """The most memory that the process has held so far, in bytes (VmHWM)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def ragged(net, batch, cut, texts, file, precision="fp32"):
    with open(file) as lines:
        rows = json.load(lines)
    lengths = sorted(min(row if isinstance(row, int) else len(row), cut) for row in rows[::max(1, len(rows) // texts)])
    batches = []
    for i in range(0, len(lengths), batch):
        part = lengths[i:i + batch]
        mask = torch.zeros(len(part), 1, 1, part[-1])
        for row, length in enumerate(part):
            mask[row, :, :, length:] = -10000.0
        batches.append((torch.randint(0, VOCABULARY, (len(part), part[-1])), mask))
    passes = [make_pass(net, ids, mask, precision) for ids, mask in batches]
    passes[-1]()
    best = min(sum(seconds_of(run) for run in passes) for _ in range(2))
    report("ragged", f"{net.name} cut {cut}", best, forward_flops(net.depth, net.width, lengths), texts=len(lengths), tokens=sum(lengths), precision=precision)


def single(net, tokens, runs, precision="fp32"):
    run = make_pass(net, torch.randint(0, VOCABULARY, (1, tokens)), torch.zeros(1, 1, 1, tokens), precision)
    warm = time.perf_counter() + 2
    while time.perf_counter() < warm:
        run()
    times = sorted(seconds_of(run) for _ in range(runs))
    report("single", f"{net.name} {tokens} tokens", median(times), forward_flops(net.depth, net.width, [tokens]),
           p99=times[int(len(times) * 0.99)], texts=1, tokens=tokens, precision=precision)


class Exported(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, input_ids, attention_mask):
        return self.net(input_ids, (1.0 - attention_mask[:, None, None, :].float()) * -10000.0)


def export(net, file):
    extra = {"dynamo": False} if tuple(int(n) for n in torch.__version__.split(".")[:2]) >= (2, 5) else {}
    example = torch.ones(2, 16, dtype=torch.long)
    axes = {0: "batch", 1: "length"}
    torch.onnx.export(Exported(net).eval(), (example, example), file, opset_version=14, input_names=["input_ids", "attention_mask"], output_names=["logits"],
                      dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}}, **extra)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    command, words = sys.argv[2], [int(word) if word.isdigit() else word for word in sys.argv[3:]]
    if command == "gemm":
        gemm(float(words[0]), *words[1:])
    else:
        held = resident()
        model, words = Classifier(*words[:3]), words[3:]
        if command == "resident":
            resident_of(model, *words, before=held)
        elif command in ("step", "infer"):
            block(command, model, *words)
        else:
            {"ragged": ragged, "single": single, "export": export}[command](model, *words)
