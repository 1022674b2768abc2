"""The gated delta rule, in the order of arguments of the published definition."""

from __future__ import annotations

from ...delta_rule import gated_delta_decode as run_gdn_decode
from ...delta_rule import gated_delta_prefill as run_gdn_prefill

run_gdn_prefill_differentiable = run_gdn_prefill

__all__ = ["run_gdn_decode", "run_gdn_prefill", "run_gdn_prefill_differentiable"]
