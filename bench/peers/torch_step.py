"""The peer of Beret.Bench: the same work in PyTorch, on the CPU.

usage: torch_step.py THREADS gemm SECONDS
       torch_step.py THREADS step  LAYERS HIDDEN HEADS BATCH SEQ STEPS
       torch_step.py THREADS infer LAYERS HIDDEN HEADS BATCH SEQ STEPS

gemm times torch.mm, which is the sgemm of the BLAS behind PyTorch, on the large shapes that Beret.Bench takes for its own peak, and gives the best.
step times what one fine-tuning step needs: forward with dropout 0.1, binary cross-entropy, backward, clipping by the global norm, AdamW; and gives the median.
infer times the forward pass of one batch without gradients; the median.
Weights are random, texts are random tokens of full length, so nothing is padding. The model is written out in torch.nn, for any PyTorch from 1.13 on.
Prints one JSON object: the form of Beret.Bench's Measurement.
"""
import json
import math
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
        if hasattr(F, "scaled_dot_product_attention"):
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=DROPOUT if self.training else 0.0)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(hidden // self.heads) + mask
            context = self.dropout(scores.softmax(-1)) @ v
        x = self.norm1(x + self.dropout(self.output(context.transpose(1, 2).reshape(batch, length, hidden))))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Classifier(nn.Module):
    def __init__(self, layers, hidden, heads):
        super().__init__()
        self.words, self.positions, self.segments = nn.Embedding(VOCABULARY, hidden), nn.Embedding(POSITIONS, hidden), nn.Embedding(2, hidden)
        self.norm, self.dropout = nn.LayerNorm(hidden, EPSILON), nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(Layer(hidden, heads) for _ in range(layers))
        self.pooler, self.head = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, ids, mask):
        x = self.words(ids) + self.positions(torch.arange(ids.shape[1])) + self.segments(torch.zeros_like(ids))
        x = self.dropout(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.dropout(torch.tanh(self.pooler(x[:, 0]))))


def seconds_of(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def report(kind, by, name, seconds, flops, texts=0):
    print(json.dumps({"kind": kind, "by": by, "name": name, "seconds": seconds, "flops": flops, "bytes": 0, "texts": texts}))


def gemm(budget):
    best = None
    for t, n, k in ((4096, 1024, 1024), (2048, 2048, 2048), (4096, 1536, 384), (4096, 384, 1536)):
        a, b = torch.rand(t, k) - 0.5, (torch.rand(n, k) - 0.5).t()
        out, times = torch.empty(t, n), []
        torch.mm(a, b, out=out)
        while sum(times) < budget or len(times) < 5:
            times.append(seconds_of(lambda: torch.mm(a, b, out=out)))
        flops = 2.0 * t * n * k
        if best is None or flops / min(times) > best[1] / best[0]:
            best = (min(times), flops, f"{t} × {n} × {k}")
    report("gemm", f"torch.mm of PyTorch {torch.__version__}", best[2], best[0], best[1])


def model(kind, layers, hidden, heads, batch, length, steps):
    net = Classifier(layers, hidden, heads)
    ids, labels = torch.randint(0, VOCABULARY, (batch, length)), torch.randint(0, 2, (batch, 1)).float()
    mask = torch.zeros(batch, 1, 1, length)
    flops = batch * length * (6.0 * layers * 12 * hidden * hidden + 12.0 * layers * length * hidden)
    if kind == "step":
        optimizer = torch.optim.AdamW(net.parameters(), 3e-5, weight_decay=0.01)
        net.train()

        def run():
            loss = F.binary_cross_entropy_with_logits(net(ids, mask), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    else:
        flops /= 3
        net.eval()

        def run():
            with torch.no_grad():
                net(ids, mask)

    run()
    run()
    times = sorted(seconds_of(run) for _ in range(steps))
    median = (times[(steps - 1) // 2] + times[steps // 2]) / 2
    report(kind, f"PyTorch {torch.__version__}", f"L{layers} H{hidden} A{heads} b{batch} s{length}", median, flops, batch)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    if sys.argv[2] == "gemm":
        gemm(float(sys.argv[3]))
    else:
        model(sys.argv[2], *map(int, sys.argv[3:9]))
