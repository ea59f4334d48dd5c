# hi_fhir: every task of the project by one name. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.synced
DESIGN := hi_fhir/pages/design
STYLE  := hi_fhir/pages/static/pages.css

SIDE_BY_SIDE := -n 2 --dist worksteal
FILE_BY_FILE := -n 2 --dist loadfile
MEASURED     := --cov --cov-branch --cov-report=term:skip-covered

.DEFAULT_GOAL := help
.PHONY: help setup demo screenshots serve test test-rest test-all hunt check fix data-folder docs bench mutants lock

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "hi_fhir needs Python 3.11 to 3.13: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		"$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(STYLE): $(DESIGN)/package-lock.json $(DESIGN)/build.py $(DESIGN)/pages.css $(DESIGN)/icon.svg | $(STAMP)
	@$(DESIGN)/install.sh

setup: $(STAMP) $(STYLE) ## make the environment in .venv from the hashed lock

demo: setup ## a thousand synthetic people in four periods, from a FHIR server to published MeasureReports; four minutes
	$(BIN)/hi-fhir demo

screenshots: setup ## pictures of the pages of what `make demo` made, in build/screenshots; installs Chromium
	tests/chromium/install.sh
	$(BIN)/python -m tests.support.screenshots

serve: setup ## pages and FHIR of what `make demo` made, on loopback
	$(BIN)/hi-fhir serve --data-dir demo-data/data --port 8765

test: setup ## unit, spec, property, contract and house tests: Python packages only (COVERAGE=1: with their share of the code)
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not real and not slow" $(if $(COVERAGE),$(MEASURED))

test-rest: setup ## what `make test` leaves out: slow cases, property tests at length, HAPI, PostgreSQL, Spark, polars, Chromium, a container; installs what it can
	tests/hapi/install.sh
	tests/postgres/install.sh
	tests/spark/install.sh
	tests/polars/install.sh
	tests/chromium/install.sh
	tests/container/install.sh
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "(slow or hypothesis) and not real and not hunt" --hypothesis-profile=long
	$(BIN)/pytest $(FILE_BY_FILE) -m real

test-all: test test-rest ## all tests

hunt: setup ## property tests with a thousand new examples each, and every small table, of TESTS where named; an hour
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "hypothesis or hunt" --hypothesis-profile=hunt --timeout=7200 $(TESTS)

check: setup ## formatting, lint, types, imports, data files, reference pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hi-fhir measures check

fix: setup ## format, fix what can be fixed, write the reference pages and the table of versions anew
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.house.reference_pages
	$(BIN)/python -m tests.house.released_table
	$(BIN)/python -m tests.support.kernel_rows
	$(BIN)/python -m tests.support.conversions

data-folder: setup ## write the data folder anew that a test opens from then on (tests/data)
	$(BIN)/python -m tests.support.data_folder

docs: setup ## the pages as a site with search, in build/docs; a link that leads nowhere is an error
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "Open build/docs/index.html in a browser; it needs no server."

bench: setup ## speeds and memory; minutes
	$(BIN)/python -m tests.bench

mutants: setup ## small wrong changes of MODULE that none of TESTS notices (SAMPLE=20: so many of them); minutes
	$(BIN)/python -m tests.mutants $(MODULE) $(TESTS) --sample $(or $(SAMPLE),0)

lock: setup ## resolve the dependencies anew into requirements.lock (hashes, no addresses)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev --extra postgres pyproject.toml --output-file requirements.lock
	echo "pyspark>=4.0,<4.1" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate - --output-file tests/spark/requirements.lock
	echo "polars>=2.1,<3" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate - --output-file tests/polars/requirements.lock
	echo "playwright>=1.55,<2" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate - --output-file tests/chromium/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --constraint requirements.lock --extra postgres pyproject.toml --output-file docker/requirements.lock
	echo hatchling | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --constraint requirements.lock - --output-file docker/build.lock
