"""The gated delta rule, in the order of arguments of the published definition."""

from __future__ import annotations

from ...kernels.delta_rule import gated_delta_decode as run_gdn_decode

__all__ = ["run_gdn_decode"]
