# What there is to do here; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
ONCE ?=
ARGS ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv demo run test test-fast bench proto docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Another Python: make venv PYTHON=python3.13"

venv: $(STAMP) ## Make .venv and install everything into it

# installed again when the requirements change, and else not: the second time needs no network
$(STAMP): setup.cfg
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here: install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), and mentra needs 3.11 or newer: install one and say where it is: make PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; \
	  exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV), a minute or two the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## Server, captions app and glasses in this terminal; ONCE=1 ends by itself
	@$(BIN)/mentra demo $(if $(filter-out 0 no,$(ONCE)),--once) $(ARGS)

run: $(STAMP) ## The server alone, on its defaults
	@$(BIN)/twistd -n --pidfile= mentra $(ARGS)

test: $(STAMP) ## Lint, types, layers and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --hypothesis-profile=thorough $(ARGS)

test-fast: $(STAMP) ## The tests that start no other programs; names the slowest of them
	$(BIN)/python -m pytest -m "not slow" --durations=10 --durations-min=0.25 $(ARGS)

bench: $(STAMP) ## Measure this server against others on this machine
	$(BIN)/python bench/relay.py $(ARGS)

proto: $(STAMP) ## Generate the Python classes of proto/messages.proto
	$(BIN)/python -m grpc_tools.protoc -Imentra/protobuf=proto --python_out=. --pyi_out=. \
	  mentra/protobuf/messages.proto

docs: $(STAMP) ## Build the manual in docs/_build/html
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

clean: ## Remove what building and testing left; .venv stays
	rm -rf build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name dropin.cache \) -print0 | xargs -0 rm -rf
