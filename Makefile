# Every target makes its own environment; a second call installs nothing.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: help demo test check bench clean

help:
	@echo "make demo   generate a model, run its tests, train it on handwritten digits"
	@echo "make test   run the tests"
	@echo "make check  run ruff, mypy and pyright"
	@echo "make bench  measure speed against plain PyTorch and transformers"

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

demo: $(INSTALLED)
	$(VENV)/bin/oumi-scaffold demo

test: $(INSTALLED)
	$(PYTHON) -m pytest -n 2 $(ARGS)

check: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pyright --pythonpath $(PYTHON)

bench: $(INSTALLED)
	$(PYTHON) tests/benchmarks/training.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
