"""The transformer block and language model: one student's code, whose steps can be replaced one by one."""

from __future__ import annotations

import math

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("transformer")
BLOCK, MODEL = "run_transformer_block", "run_transformer_lm"


class Student:
    """A model whose steps can be replaced one by one."""

    eps = 1e-5

    def norm(self, x, weight):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * weight

    def heads(self, heads):
        return heads

    def theta(self, theta):
        return theta

    def turn(self, x, theta):
        rates = theta ** (-torch.arange(0, x.shape[-1], 2).float() / x.shape[-1])
        angles = torch.arange(x.shape[-2])[:, None] * rates
        even, odd = x[..., ::2], x[..., 1::2]
        pairs = even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()
        return torch.stack(pairs, -1).flatten(-2)

    def attend(self, q, k, v):
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        return torch.softmax(scores.masked_fill(later, -math.inf), -1) @ v

    def attention(self, x, w, heads, theta):
        q, k, v = (
            (x @ w[f"attn.{name}_proj.weight"].T).unflatten(-1, (heads, -1)).transpose(-3, -2)
            for name in "qkv"
        )
        joined = self.attend(self.turn(q, theta), self.turn(k, theta), v).transpose(-3, -2).flatten(-2)
        return joined @ w["attn.output_proj.weight"].T

    def gate(self, x):
        return x * torch.sigmoid(x)

    def forward(self, x, w):
        return (self.gate(x @ w["ffn.w1.weight"].T) * (x @ w["ffn.w3.weight"].T)) @ w["ffn.w2.weight"].T

    def layer(self, x, w, heads, theta):
        x = x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
        return x + self.forward(self.norm(x, w["ln2.weight"]), w)

    def block(self, d_model, num_heads, d_ff, max_seq_len, theta, weights, x):
        return self.layer(x, weights, self.heads(num_heads), self.theta(theta))

    def embed(self, tokens, weights):
        return weights["token_embeddings.weight"][tokens]

    def layers(self, count):
        return range(count)

    def own(self, weights, layer):
        prefix = f"layers.{layer}."
        return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}

    def last(self, x, weights):
        return self.norm(x, weights["ln_final.weight"])

    def head(self, x, weights):
        return x @ weights["lm_head.weight"].T

    def model(self, vocabulary, context, width, layers, heads, hidden, theta, weights, tokens):
        x = self.embed(tokens, weights)
        for layer in self.layers(layers):
            x = self.layer(x, self.own(weights, layer), self.heads(heads), self.theta(theta))
        return self.head(self.last(x, weights), weights)


def student(name, *, honest=False, **steps):
    """Register a student who does these steps otherwise, in the block and in the model."""
    own = type(name, (Student,), steps)()
    register = VARIANTS.honest_set if honest else VARIANTS.wrong_set
    register(name, **{BLOCK: own.block, MODEL: own.model})


def model(name, **steps):
    """Register a student whose steps matter to the model only."""
    VARIANTS.wrong_set(name, **{MODEL: type(name, (Student,), steps)().model})
