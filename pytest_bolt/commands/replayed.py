"""Run pytest in the tree of a stored run: imports come from that tree, and it ends with its parent.

    python -m pytest_bolt.commands.replayed OWN OTHER PARENT [PYTEST ARGUMENTS]

OWN is the tree that is measured, OTHER the user's own, PARENT the number of the process that waits.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_bolt.measuring.lifeline import die_with
from pytest_bolt.repo.isolation import enter_tree


def _main() -> int:
    own, other, parent, *arguments = sys.argv[1:]
    if not die_with(int(parent)):
        return 1
    enter_tree(own=Path(own), other=Path(other))
    sys.argv[:] = ["pytest", *arguments]  # what a run says of its command, and what repeats it again
    import pytest

    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(_main())
