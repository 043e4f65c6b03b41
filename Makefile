# Two commands set everything up on a fresh machine: `make demo` and `make test`. Neither needs more than the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= results
# OVERPARAM_DATA=<folder> in the environment turns on the tests on real data.

.PHONY: install demo test lint types smoke check clean

install: $(VENV)/.installed

# The constraints pin every package, so that an install today is an install next year.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/overparam run fig3 --dataset simulated --iterations 20000 --name demo --results $(RESULTS)
	$(BIN)/overparam plot fig3@demo --results $(RESULTS)

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

smoke: install
	$(BIN)/overparam run fig3 --smoke --results $(RESULTS)

check: lint types test smoke

clean:
	rm -rf $(VENV) build dist *.egg-info
