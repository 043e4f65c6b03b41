# Two commands set everything up on a fresh machine: `make demo` and `make test`. Neither needs more than the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= results
SANITIZED ?= build/check_kernels
KERNEL := overparam_cli/kinds/linear/compiled
# OVERPARAM_DATA=<folder> in the environment turns on the tests on real data.

.PHONY: install site demo test vary lint types smoke sanitize check clean

install: $(VENV)/.installed

# The constraints pin every package, so that an install today is an install next year.
$(VENV)/.installed: pyproject.toml constraints.txt $(wildcard $(KERNEL)/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# The documentation as a site, build/site/index.html; a warning (a link that leads nowhere, a page that is not listed) is an error.
site: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

demo: install
	$(BIN)/overparam run fig3 --dataset simulated --iterations 20000 --name demo --results $(RESULTS)
	$(BIN)/overparam plot fig3@demo --results $(RESULTS)

test: install
	$(BIN)/python -m pytest

# What trains, once more as an old processor computes it and on two threads: other last bits, the same outcomes.
OLD = ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_ENABLE_INSTRUCTIONS=SSE4_2 OPENBLAS_CORETYPE=Nehalem
TRAINING = tests/kinds/linear tests/kinds/mnist/test_cnn.py tests/kinds/mnist/test_cnn_trainer.py tests/kinds/test_optimizers.py tests/kinds/test_units.py
vary: install
	$(OLD) OVERPARAM_TEST_THREADS=2 $(BIN)/python -m pytest $(TRAINING)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

smoke: install
	$(BIN)/overparam run fig3 --smoke --results $(RESULTS)

# The compiled kernel's own checks, in builds that look for bad memory accesses, undefined behaviour and races.
sanitize:
	mkdir -p $(dir $(SANITIZED))
	for kind in address,undefined thread; do \
	  $(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=$$kind -fno-sanitize-recover=all -I$(KERNEL) -pthread \
	    -o $(SANITIZED) tests/native/check_kernels.c $(KERNEL)/kernels.c $(KERNEL)/pool.c -lm && $(SANITIZED) || exit 1; \
	done

check: lint types test vary smoke

clean:
	rm -rf $(VENV) build dist *.egg-info $(KERNEL)/*.so
