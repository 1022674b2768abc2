"""Gated delta rule, whole sequences: how fast, at the published sizes."""

from __future__ import annotations

import pytest

from .. import reference
from ..gated_delta import PUBLISHED, hold_output, in_chunks, prefill_args

pytestmark = pytest.mark.bolt(operation="run_gdn_prefill", dtypes=("bfloat16",))
OPERATIONS_PER_ELEMENT = 7  # of the state, each token: the recurrence, not what a chunked form adds to it


@pytest.mark.parametrize(
    "lengths", [(64,), (100, 0, 156), (512,)], ids=lambda lengths: "+".join(map(str, lengths))
)
def test_gdn_prefill_speed(bolt, impl, device, dtype, lengths):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = prefill_args(lengths, device=device, dtype=dtype, **PUBLISHED)
    q, k, v, state, _, a, _, b, _, _ = args
    output = impl.run_gdn_prefill(*args)
    hold_output(output, args, oracle=reference.gated_delta_prefill, twin=in_chunks)
    bolt.measure(
        impl.run_gdn_prefill,
        args=args,
        bytes=2 * state.nbytes + q.nbytes + k.nbytes + 2 * v.nbytes + a.nbytes + b.nbytes,
        flops=OPERATIONS_PER_ELEMENT * state[0].numel() * len(q),
    )
