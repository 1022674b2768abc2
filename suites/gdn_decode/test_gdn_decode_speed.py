"""Gated delta rule, one token: how fast, at the published sizes."""

from __future__ import annotations

import pytest

from .. import reference
from ..gated_delta import PUBLISHED, decode_args, hold_output

pytestmark = pytest.mark.bolt(operation="run_gdn_decode", dtypes=("bfloat16",))
OPERATIONS_PER_ELEMENT = 7  # decay it, and multiply and add three times: read k, write the error, read q


@pytest.mark.parametrize("batch", [1, 8, 32])
def test_gdn_decode_speed(bolt, impl, device, dtype, batch):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    args = decode_args(batch, device=device, dtype=dtype, **PUBLISHED)
    q, k, v, state, _, a, _, b, _ = args
    hold_output(impl.run_gdn_decode(*args), args, oracle=reference.gated_delta_decode)
    bolt.measure(
        impl.run_gdn_decode,
        args=args,
        bytes=2 * state.nbytes + q.nbytes + k.nbytes + 2 * v.nbytes + a.nbytes + b.nbytes,
        flops=OPERATIONS_PER_ELEMENT * state.numel(),
    )
