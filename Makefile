# PyRedis: the few commands of its everyday.  "run" and "test" need nothing but
# python3 with venv (on Debian: apt install python3-venv make); the rest lives
# in a virtual environment that they make themselves and use again.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 6379
ARGS ?=

# "make V=1 ..." shows what pip does.
PIP = $(VENV)/bin/python -m pip $(if $(V),,--quiet) --disable-pip-version-check

.DEFAULT_GOAL := help
# A virtual environment that could not be completed is not used.
.DELETE_ON_ERROR:
.PHONY: help run demo test test-long trial lint format bench guard stalls footprint scale coverage wheel clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.for-run  ## Start a server on port 6379 (PORT=..., ARGS="--directive value ...")
	$(VENV)/bin/pyredis-server --port $(PORT) $(ARGS)

demo: $(VENV)/.for-run  ## Watch a short demonstration of every data type
	$(VENV)/bin/python -m pyredis demo

test: $(VENV)/.for-dev  ## Run the tests (ARGS="-k name -x ...")
	$(VENV)/bin/python -m pytest $(ARGS)

test-long: $(VENV)/.for-dev  ## Run the tests that take minutes
	$(VENV)/bin/python -m pytest -m long $(ARGS)

trial: $(VENV)/.for-dev  ## Run the tests under Twisted's own runner
	$(VENV)/bin/python -m twisted.trial $(or $(ARGS),tests)

lint: $(VENV)/.for-dev  ## Check style and types
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

format: $(VENV)/.for-dev  ## Put the sources into the form that lint asks for
	$(VENV)/bin/python -m ruff check --fix-only .
	$(VENV)/bin/python -m ruff format .

bench: $(VENV)/.for-bench  ## Compare with redis-server, side by side (ARGS="--full", "--tests GET,SET ...")
	$(VENV)/bin/python -m benchmarks.throughput --third fakeredis $(ARGS)

guard: $(VENV)/.for-dev  ## Compare the CPU time of requests with an earlier commit's (ARGS="--base v1.0")
	$(VENV)/bin/python -m benchmarks.guard $(ARGS)

stalls: $(VENV)/.for-bench  ## Measure how long clients wait while something large happens
	$(VENV)/bin/python -m benchmarks.stalls $(ARGS)

footprint: $(VENV)/.for-bench  ## Measure startup, memory and idle connections
	$(VENV)/bin/python -m benchmarks.footprint $(ARGS)

scale: $(VENV)/.for-bench  ## Measure throughput with ten million keys and ten thousand clients
	$(VENV)/bin/python -m benchmarks.scale $(ARGS)

coverage: $(VENV)/.for-dev  ## Run the tests and show which branches they miss
	$(VENV)/bin/python -m coverage erase
	$(VENV)/bin/python -m coverage run -m pytest $(ARGS)
	$(VENV)/bin/python -m coverage combine --quiet
	$(VENV)/bin/python -m coverage report

wheel: $(VENV)/.for-dev  ## Build the wheel and the source archive into dist/
	$(VENV)/bin/python -m build --outdir dist .

clean:  ## Remove the virtual environment and everything built or cached
	rm -rf $(VENV) build dist *.egg-info _trial_temp* benchmarks/results htmlcov
	rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f twisted/plugins/dropin.cache twistd.log twistd.pid
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of dependencies, renewed when the package's
# description changes.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.for-run: pyproject.toml setup.cfg | $(VENV)/bin/python
	$(PIP) install --editable '.[tls]'
	@touch $@

$(VENV)/.for-dev: pyproject.toml setup.cfg | $(VENV)/bin/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.for-run

$(VENV)/.for-bench: pyproject.toml setup.cfg | $(VENV)/bin/python
	$(PIP) install --editable '.[bench]'
	@touch $@ $(VENV)/.for-run
