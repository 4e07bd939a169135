# Every target makes its own environment; a second call installs nothing.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INTEROP := .venv-interop
QUIETLY := --quiet --disable-pip-version-check

.PHONY: help demo test check docs bench gpu interop faults mutation clean

help:
	@echo "make demo      generate a model, run its tests, train it on handwritten digits"
	@echo "make test      run the tests"
	@echo "make check     run ruff, mypy and pyright"
	@echo "make docs      build the documentation in build/site"
	@echo "make interop   run generated files and exchange weights with the oumi package"
	@echo "make faults    kill, fill and damage a training in every way; minutes"
	@echo "make mutation  plant faults in generated models; tell which test catches which"
	@echo "make bench     measure speed against plain PyTorch and transformers"
	@echo "make gpu       run the tests and the training benchmark of a GPU; minutes"

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install $(QUIETLY) -e '.[dev]' -c constraints.txt
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

docs: $(INSTALLED)
	$(VENV)/bin/sphinx-build -W --keep-going -q -c docs . build/site
	@echo "build/site/docs/index.html"

bench: $(INSTALLED)
	$(PYTHON) tests/benchmarks/training.py
	$(PYTHON) tests/benchmarks/streaming.py
	$(PYTHON) tests/benchmarks/loading.py
	$(PYTHON) tests/benchmarks/length_groups.py
	$(PYTHON) tests/benchmarks/scaffold.py
	$(PYTHON) tests/benchmarks/validate.py
	$(PYTHON) tests/benchmarks/many_models.py
	$(PYTHON) tests/benchmarks/saving.py

# torch comes first, from the constraints; oumi last, without its dependencies.
$(INTEROP)/.installed: tests/interop/requirements.txt constraints.txt
	test -x $(INTEROP)/bin/python || python3 -m venv $(INTEROP)
	$(INTEROP)/bin/python -m pip install $(QUIETLY) torch -c constraints.txt
	$(INTEROP)/bin/python -m pip install $(QUIETLY) -r tests/interop/requirements.txt
	$(INTEROP)/bin/python -m pip install $(QUIETLY) --no-deps oumi==0.9
	touch $@

interop: $(INSTALLED) $(INTEROP)/.installed
	$(PYTHON) -m pytest -m interop tests/interop $(ARGS)

gpu: $(INSTALLED)
	tests/gpu/measure.sh build/gpu $(PYTHON)

faults: $(INSTALLED)
	FAULT_MOMENTS=100 $(PYTHON) -m pytest tests/faults -m 'not gpu' $(ARGS)

mutation: $(INSTALLED)
	$(PYTHON) tests/mutation/report.py $(ARGS)

clean:
	rm -rf $(VENV) $(INTEROP) .mypy_cache .pytest_cache .ruff_cache build dist
