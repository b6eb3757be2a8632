# The commands of the project. They need make and Python 3.11 or newer, nothing else; all they install goes to .venv.

VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_USER=0 PYTHONNOUSERSITE=1 $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
UV ?= uv

.PHONY: help run test demo lint proto bench docs clinical lock faults

help:
	@echo "make run    install and start everything; Ctrl-C stops it    make demo   two care journeys, told step by step"
	@echo "make test   the tests (ARGS='-k booking')                    make lint   style, types, import rules"
	@echo "make bench  the measurements                                 make proto  code from proto/ into telerehab/pb"
	@echo "make docs   the generated pages                              make lock   the locked dependencies (needs uv)"
	@echo "make faults    writes for half an hour while everything is killed, frozen and cut off, then looks for what is lost"
	@echo "               (ARGS='--seconds 900 --rate 500 --seed N --broker postgresql|kafka --keep')"
	@echo "make clinical  the clinical content as a book to sign, in build/clinical/"

run: $(VENV)/.installed
	@$(BIN)/telerehab run $(ARGS)

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(ARGS)

demo: $(VENV)/.installed
	@$(BIN)/python -m demo $(ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy telerehab services clinical tools demo deploy tests
	@$(BIN)/python tools/check_imports.py
	@$(BIN)/python tools/check_protos.py

proto: $(VENV)/.installed-dev
	@$(BIN)/python tools/generate_protos.py

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.installed-dev
	@TELEREHAB_TEST_NEMESIS=1 $(BIN)/python -m pytest tests/faults/test_nemesis.py
	@$(BIN)/python -m tests.faults.nemesis $(ARGS)

docs: $(VENV)/.installed-dev
	@$(BIN)/telerehab settings --markdown > docs/settings.md
	@$(BIN)/python tools/event_catalogue.py > docs/events.md

clinical: $(VENV)/.installed
	@$(BIN)/python tools/clinical_book.py $(ARGS)

COMPILE := pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header
lock:
	@$(UV) $(COMPILE) --extra build --output-file requirements.lock
	@$(UV) $(COMPILE) --extra build --extra dev --output-file requirements-dev.lock

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the services need ..."
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests and checks need ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); \
			echo "$$python can't make a virtual environment; install its venv package (python3-venv)." >&2; exit 1; \
		fi; \
	done; echo "Python 3.11 or newer is needed, and there is none on the PATH." >&2; exit 1
