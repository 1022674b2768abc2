"""`python -m pytest_bolt` is `pytest-bolt`."""

from __future__ import annotations

import sys

from pytest_bolt.cli import main

sys.exit(main())
