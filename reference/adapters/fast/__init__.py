"""Our quick forms for a CPU, on one thread: C, compiled at the first call.

Without a C compiler the package offers only what needs none; `MISSING` says what, and why.
"""

from __future__ import annotations

from .building import compiler
from .delta_rule import run_gdn_prefill

run_gdn_prefill_differentiable = run_gdn_prefill

__all__ = ["MISSING", "run_gdn_prefill", "run_gdn_prefill_differentiable"]
MISSING: dict[str, str] = {}

if compiler():
    from .delta_rule import run_gdn_decode
    from .elements import run_rmsnorm

    __all__ += ["run_gdn_decode", "run_rmsnorm"]
else:
    names = ("run_gdn_decode", "run_rmsnorm")
    MISSING = dict.fromkeys(names, "no C compiler was found: install gcc, or set CC")
