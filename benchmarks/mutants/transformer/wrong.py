"""The transformer block and language model, one step done wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.transformer.student import Student, model, student


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


def first_layer_turns(self, x, w, heads, theta):
    own = self if x.shape[-1] != 16 else type("Still", (Student,), {"turn": lambda self, x, theta: x})()
    return Student.layer(own, x, w, heads, theta)


student("tanh_gelu", gate=lambda self, x: F.gelu(x, approximate="tanh"))
student("hard_swish", gate=lambda self, x: F.hardswish(x))
student(
    "norm_over_tokens",
    norm=lambda self, x, weight: x * torch.rsqrt(x.square().mean(-2, keepdim=True) + 1e-5) * weight,
)
student(
    "norm_of_the_sum",
    norm=lambda self, x, weight: x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-5) * weight,
)
student(
    "eps_outside_the_root",
    norm=lambda self, x, weight: x / (x.square().mean(-1, keepdim=True).sqrt() + 1e-5) * weight,
)
student(
    "hidden_cut_to_eights",
    forward=lambda self, x, w: Student.forward(
        self,
        x,
        {
            **w,
            "ffn.w2.weight": w["ffn.w2.weight"]
            * (torch.arange(w["ffn.w2.weight"].shape[1]) < w["ffn.w2.weight"].shape[1] // 16 * 16),
        },
    ),
)
student(
    "residual_scaled",
    layer=lambda self, x, w, heads, theta: x + (Student.layer(self, x, w, heads, theta) - x) * 0.7071,
)
student("no_turn_at_a_width", layer=first_layer_turns)
student(
    "gate_on_the_other_side",
    forward=lambda self, x, w: (
        ((x @ w["ffn.w1.weight"].T) * (x @ w["ffn.w3.weight"].T).sigmoid()) @ w["ffn.w2.weight"].T
    ),
)
model("two_layers_in_turn", own=lambda self, weights, layer: Student.own(self, weights, layer % 2))
model(
    "final_norm_with_eps_1e_8",
    last=lambda self, x, w: type("E", (Student,), {"eps": 1e-8})().norm(x, w["ln_final.weight"]),
)
model(
    "final_norm_in_every_layer",
    own=lambda self, weights, layer: {
        **Student.own(self, weights, layer),
        "ln2.weight": weights["ln_final.weight"],
    },
)
model("ids_below_32", embed=lambda self, tokens, w: w["token_embeddings.weight"][tokens % 32])
model(
    "positions_added",
    embed=lambda self, tokens, w: (
        w["token_embeddings.weight"][tokens]
        + w["token_embeddings.weight"][: tokens.shape[-1] % 7].sum() * 1e-4
    ),
)
model(
    "half_of_the_context",
    model=lambda self, v, c, d, n, h, f, t, w, tokens: Student.model(
        self,
        v,
        c,
        d,
        n,
        h,
        f,
        t,
        w,
        torch.cat([tokens[:, :0], tokens[:, : c // 2], tokens[:, c // 2 :] * 0], 1),
    ),
)
model(
    "logits_shifted_by_their_maximum",
    head=lambda self, x, w: Student.head(self, x, w) - Student.head(self, x, w).amax(-1, keepdim=True),
)
model("theta_of_the_context", theta=lambda self, theta: min(theta, 50_000.0))
