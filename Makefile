# Quorum. `make demo`, `make test`, `make run`, `make check`, `make perf`: each sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
SERVE ?= 1
# How many processes test at once.
WORKERS ?= auto
# Everything the application writes lies here.
export QUORUM_DATA_DIR ?= $(CURDIR)/var

BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PYTEST := PYTHONPATH=$(VENV)-perf $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
GUNICORN := $(BIN)/gunicorn config.wsgi --bind 127.0.0.1:$(PORT) --workers 2 --threads 4 --log-level warning --no-control-socket

.PHONY: help demo run serve test coverage check perf clean

help:
	@sed -n 's/^## //p' Makefile

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Quorum needs Python 3.11 or newer: set PYTHON=…" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

## make demo          the whole pipeline on the demo corpus, then the site (SERVE=0: without the site)
demo: $(VENV)/.installed
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo
	@if [ "$(SERVE)" != "0" ]; then \
	  $(MANAGE) demo_logins --port $(PORT) && exec $(GUNICORN); \
	fi

## make run           an empty, real installation: database, first lead, site
run: $(VENV)/.installed
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_taxonomy >/dev/null
	@$(MANAGE) create_lead --if-none
	@echo "http://127.0.0.1:$(PORT)/ (Ctrl+C stops it)"
	@exec $(GUNICORN)

## make test          all tests, on every core (WORKERS=0: in one process)
test: $(VENV)/.installed-dev
	$(PYTEST)

## make coverage      all tests, and how much of the application they run, which may not fall
coverage: $(VENV)/.installed-dev
	$(PYTEST) --cov --cov-report=term:skip-covered

## make check         style, types, import rules, migrations, deployment settings, templates
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	QUORUM_HTTPS=1 QUORUM_SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))') $(MANAGE) check --deploy --fail-level WARNING
	$(MANAGE) compile_templates

# The engines that ours is compared with, in a folder of their own: they must not touch what requirements.txt pins.
$(VENV)-perf/.installed: perf/requirements.txt
	rm -rf $(VENV)-perf
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)-perf -r perf/requirements.txt
	@touch $@

## make perf          side-by-side benchmarks
perf: $(VENV)/.installed-dev
	@$(MAKE) --no-print-directory $(VENV)-perf/.installed || echo "Some engines to compare with are missing and skipped." >&2
	PYTHONPATH=$(VENV)-perf $(BIN)/python -m perf

clean:
	rm -rf $(VENV) $(VENV)-perf .mypy_cache .ruff_cache .pytest_cache .coverage
