"""Sphinx configuration: MyST pages, furo theme."""

from __future__ import annotations

import pytest_bolt

project = "pytest-bolt"
author = "The pytest-bolt authors"
copyright = author
version = release = pytest_bolt.__version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pytest-bolt"
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
nitpicky = True
