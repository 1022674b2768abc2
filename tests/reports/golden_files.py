"""Golden files: `BOLT_REGOLD=1 pytest tests/reports tests/journal` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def agrees(name: str, text: str) -> bool:
    """Return whether the text is what the golden file holds, byte for byte; write it first if asked to."""
    path = FOLDER / name
    if os.environ.get("BOLT_REGOLD"):
        path.write_text(text, encoding="utf-8", newline="")
    return path.read_bytes().decode() == text
