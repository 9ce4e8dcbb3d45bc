# Each target does its own set-up. Needs: git, make, python3 (3.11 or later), python3-venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than cores: who waits for a daemon leaves a core to another.
JOBS ?= 3

MARK ?= not live

.PHONY: help setup compiled demo test tests again test-live bench lint smells generated clean

help:
	@echo "make demo       a cluster of three daemons on loopback survives the loss of a node"
	@echo "make test       style, types and tests, without root, in at most ten minutes"
	@echo "make test-live  real nodes in network namespaces (root; installs what it needs)"
	@echo "make generated  completions/ and man/ anew, from the command tree"
	@echo "make bench      figures beside the peers' (root for some)"

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(STAMP)

# Where PYTHONDONTWRITEBYTECODE is set, each start of a daemon would compile all of it again.
compiled: setup
	@$(BIN)/python -m compileall -q pcsx

demo: compiled
	$(BIN)/pcsx demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Style and types beside the tests: a core that waits for a daemon has time for them.
test: setup
	$(MAKE) --no-print-directory --jobs=2 lint tests

tests: compiled
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not live" --durations=10

test-live: compiled
	./.ci/install-live
	$(BIN)/python -m pytest -m live tests/live --durations=10

# What failed last time alone: on a shared machine a stall may look like a fault; twice it is one.
again: compiled
	$(BIN)/python -m pytest -m "$(MARK)" --last-failed --last-failed-no-failures none

bench: compiled
	$(BIN)/python -m tests.bench.cli
	$(BIN)/python -m tests.bench.scheduler

smells: setup
	@$(BIN)/python -m tests.smells

generated: setup
	$(BIN)/python -m tests.generate

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
