"""The transformer block and language model, wrong and right: one student's code, one step done otherwise."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

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


def post_norm(self, x, w, heads, theta):
    x = self.norm(x + self.attention(x, w, heads, theta), w["ln1.weight"])
    return self.norm(x + self.forward(x, w), w["ln2.weight"])


def sandwich(self, x, w, heads, theta):
    x = x + self.norm(self.attention(x, w, heads, theta), w["ln1.weight"])
    return x + self.norm(self.forward(x, w), w["ln2.weight"])


def no_first_residual(self, x, w, heads, theta):
    x = self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    return x + self.forward(self.norm(x, w["ln2.weight"]), w)


def no_second_residual(self, x, w, heads, theta):
    x = x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    return self.forward(self.norm(x, w["ln2.weight"]), w)


def residual_of_the_norm(self, x, w, heads, theta):
    x = x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    normed = self.norm(x, w["ln2.weight"])
    return normed + self.forward(normed, w)


def residual_of_the_input(self, x, w, heads, theta):
    y = x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    return x + self.forward(self.norm(y, w["ln2.weight"]), w)


def parallel_halves(self, x, w, heads, theta):
    attended = self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    return x + attended + self.forward(self.norm(x, w["ln2.weight"]), w)


def first_norm_twice(self, x, w, heads, theta):
    return Student.layer(self, x, {**w, "ln2.weight": w["ln1.weight"]}, heads, theta)


def norms_swapped(self, x, w, heads, theta):
    swapped = {**w, "ln2.weight": w["ln1.weight"], "ln1.weight": w["ln2.weight"]}
    return Student.layer(self, x, swapped, heads, theta)


def feed_forward_first(self, x, w, heads, theta):
    x = x + self.forward(self.norm(x, w["ln2.weight"]), w)
    return x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)


def no_second_norm(self, x, w, heads, theta):
    x = x + self.attention(self.norm(x, w["ln1.weight"]), w, heads, theta)
    return x + self.forward(x, w)


def layer_norm(self, x, weight):
    return F.layer_norm(x, x.shape[-1:], weight, None, self.eps)


def not_causal(self, q, k, v):
    return F.scaled_dot_product_attention(q, k, v)


def sees_one_more(self, q, k, v):
    mask = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).tril(1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def halves_turned(self, x, theta):
    order = torch.arange(x.shape[-1]).reshape(2, -1).T.reshape(-1)
    return Student.turn(self, x[..., order], theta)[..., order.argsort()]


def weights_1_and_3_swapped(self, x, w):
    swapped = {**w, "ffn.w1.weight": w["ffn.w3.weight"], "ffn.w3.weight": w["ffn.w1.weight"]}
    return Student.forward(self, x, swapped)


def no_third_weight(self, x, w):
    return self.gate(x @ w["ffn.w1.weight"].T) @ w["ffn.w2.weight"].T


student("post_norm", layer=post_norm)
student("norm_of_what_is_added", layer=sandwich)
student("no_first_residual", layer=no_first_residual)
student("no_second_residual", layer=no_second_residual)
student("residual_of_the_norm", layer=residual_of_the_norm)
student("residual_of_the_input", layer=residual_of_the_input)
student("parallel_halves", layer=parallel_halves)
student("first_norm_twice", layer=first_norm_twice)
student("norms_swapped", layer=norms_swapped)
student("feed_forward_first", layer=feed_forward_first)
student("no_second_norm", layer=no_second_norm)
student("norm_without_weight", norm=lambda self, x, weight: Student.norm(self, x, 1.0))
student("norm_of_one_plus_weight", norm=lambda self, x, weight: Student.norm(self, x, 1 + weight))
student("layer_norm", norm=layer_norm)
student("eps_a_millionth", eps=1e-6)
student("eps_absent", eps=0.0)
student("eps_a_thousandth", eps=1e-3)
student(
    "norm_in_bfloat16",
    norm=lambda self, x, weight: Student.norm(self, x.bfloat16(), weight.bfloat16()).float(),
)
student("gelu_for_silu", gate=lambda self, x: F.gelu(x))
student("relu_for_silu", gate=lambda self, x: F.relu(x))
student("sigmoid_for_silu", gate=lambda self, x: torch.sigmoid(x))
student("weights_1_and_3_swapped", forward=weights_1_and_3_swapped)
student("no_third_weight", forward=no_third_weight)
student("theta_10000", theta=lambda self, theta: 10_000.0)
student("no_rope", turn=lambda self, x, theta: x)
student("halves_turned", turn=halves_turned)
student("not_causal", attend=not_causal)
student("sees_one_more", attend=sees_one_more)
student("two_heads_always", heads=lambda self, heads: 2)
student("detached", forward=lambda self, x, w: Student.forward(self, x.detach(), w).detach())
student(
    "adds_in_place",
    layer=lambda self, x, w, heads, theta: x.data.copy_(Student.layer(self, x, w, heads, theta)),
)

model("no_final_norm", last=lambda self, x, weights: x)
model("final_norm_without_weight", last=lambda self, x, weights: self.norm(x, 1.0))
model("tied_head", head=lambda self, x, weights: x @ weights["token_embeddings.weight"].T)
model("layer_0_everywhere", own=lambda self, weights, layer: Student.own(self, weights, 0))
model("layers_backwards", layers=lambda self, count: reversed(range(count)))
model("last_layer_missing", layers=lambda self, count: range(max(count - 1, 1)))
model("layers_sorted_by_name", layers=lambda self, count: sorted(range(count), key=str))
model(
    "prefix_without_a_dot",
    own=lambda self, weights, layer: {
        key.split(".", 2)[2]: value for key, value in weights.items() if key.startswith(f"layers.{layer}")
    },
)
model(
    "embedding_scaled",
    embed=lambda self, tokens, w: w["token_embeddings.weight"][tokens] * w["ln_final.weight"].shape[0] ** 0.5,
)
model("head_gives_probabilities", head=lambda self, x, w: torch.softmax(Student.head(self, x, w), -1))
model("head_gives_log_probabilities", head=lambda self, x, w: F.log_softmax(Student.head(self, x, w), -1))
model("last_token_only", head=lambda self, x, w: Student.head(self, x[:, -1:], w))
model("head_in_bfloat16", head=lambda self, x, w: (x.bfloat16() @ w["lm_head.weight"].bfloat16().T).float())
model("head_capped", head=lambda self, x, w: 30 * torch.tanh(Student.head(self, x, w) / 30))
model("embedding_normed", embed=lambda self, tokens, w: self.norm(w["token_embeddings.weight"][tokens], 1.0))
model(
    "embedding_of_the_next_token",
    embed=lambda self, tokens, w: w["token_embeddings.weight"][tokens.roll(-1, -1)],
)


def padded(self, vocabulary, context, width, layers, heads, hidden, theta, weights, tokens):
    """Pad on the left: positions change all alike, but padding is seen."""
    room = torch.zeros(tokens.shape[0], context - tokens.shape[1], dtype=torch.int64)
    whole = torch.cat([room, tokens], 1)
    out = Student.model(self, vocabulary, context, width, layers, heads, hidden, theta, weights, whole)
    return out[:, -tokens.shape[1] :]


def pops_weights(self, vocabulary, context, width, layers, heads, hidden, theta, weights, tokens):
    out = Student.model(self, vocabulary, context, width, layers, heads, hidden, theta, weights, tokens)
    weights["ln_final.weight"].mul_(0.5)
    return out


model("padded_on_the_left", model=padded)
model("changes_a_weight", model=pops_weights)


def fused_norm(self, x, weight):
    return F.rms_norm(x, x.shape[-1:], weight, self.eps)


def fused_attention(self, q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def by_linear(self, x, w):
    gate = F.silu(F.linear(x, w["ffn.w1.weight"]))
    return F.linear(gate * F.linear(x, w["ffn.w3.weight"]), w["ffn.w2.weight"])


def norm_in_float64(self, x, weight):
    return Student.norm(self, x.double(), weight.double()).float()


def tokens_one_by_one(self, x, w):
    return torch.cat([Student.forward(self, x[..., t : t + 1, :], w) for t in range(x.shape[-2])], -2)


def gate_of_exp(self, x):
    return x / (1 + torch.exp(-x))


student("fused", honest=True, norm=fused_norm, attend=fused_attention, forward=by_linear)
student("norm_in_float64", honest=True, norm=norm_in_float64)
student("tokens_one_by_one", honest=True, forward=tokens_one_by_one)
student(
    "gate_of_exp",
    honest=True,
    gate=gate_of_exp,
    norm=lambda self, x, w: w * (x / (x.pow(2).mean(-1, True) + 1e-5).sqrt()),
)
student(
    "head_in_float64",
    honest=True,
    head=lambda self, x, w: (x.double() @ w["lm_head.weight"].double().T).float(),
)
