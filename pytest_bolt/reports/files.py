"""How a report reaches the disk."""

from __future__ import annotations

from pytest_bolt.atomic_file import write_atomically

__all__ = ["write_atomically"]
