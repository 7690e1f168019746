# Everything a person or CI runs; each target makes what it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
ARGS   ?=

# Half as many again as there are processors: a third of their time tests wait for a process or a socket.
WORKERS ?= $(shell $(PYTHON) -c 'import os; n = os.cpu_count() or 1; print(n + min(n // 2, 4))')

DELIVERIES ?= 1000000
SEED   ?= 1
JOBS   ?= 1

.PHONY: bench demo pictures simulate test check fix setup lock docs hostile chaos kill-setup kill-migration fuzz clean mutate coverage site wheel audit links
.DEFAULT_GOAL := demo

demo: $(VENV)/.runtime
	@$(BIN)/tassist demo $(ARGS)

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

simulate: $(VENV)/.dev
	@$(BIN)/python -m tests.simulation --deliveries $(DELIVERIES) --seed $(SEED) --jobs $(JOBS) $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "fix: make fix"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >$(VENV)/imports.txt 2>&1 || { cat $(VENV)/imports.txt; exit 1; }
	@$(BIN)/python -m tests.support.generated --check
	@echo "check: format, lint, types, import contracts and generated pages are in order"

fix: $(VENV)/.dev
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/python -m tests.support.generated

docs: $(VENV)/.dev
	@$(BIN)/python -W ignore -m tests.support.generated $(ARGS)

# A migration killed at every one of its steps, in four ways, there and back, and its line lost at every write; the ordinary tests hurt it at some.
kill-migration: $(VENV)/.dev
	@TASSIST_TEST_EVERY_KILL=1 $(BIN)/python -m pytest tests/integration/migrate/test_hurt.py -k "killed or lost"

# Pictures of every place of the console, for the pages that show them; on Python 3.11, as the tests compare theirs there.
pictures: $(VENV)/.dev
	@$(BIN)/python -m tests.support.console_pictures

hostile: $(VENV)/.dev
	@$(BIN)/python -m tests.support.hostile

N    ?= 10000
SEED ?=
chaos: $(VENV)/.dev
	@$(BIN)/python -m tests.support.chaos $(N) $(SEED)

# The installer killed at every step with every kind of keyring, and every example of answers in every face: twenty minutes.
kill-setup: $(VENV)/.dev
	@TASSIST_EVERY_KILL=1 $(BIN)/python -m pytest -q -n auto tests/integration/setup/test_killed.py tests/integration/setup/test_examples.py $(ARGS)

EXAMPLES ?= 5000
fuzz: $(VENV)/.dev
	@TASSIST_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -p no:logging tests/integration/server/test_intake_fuzz.py

# Writes docs/explanation/performance.md; ARGS="queue --sizes 1000,1000000" for one of them, or for other sizes.
bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

mutate: $(VENV)/.dev
	@$(BIN)/python -m tests.support.mutate $(ARGS)

# The engine's and the installer's own tests reach every line and every branch; what nothing can reach is not kept.
coverage: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n auto --cov=setup_wizard --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered \
	  tests/unit/setup_wizard $(ARGS)
	@$(BIN)/python -m pytest -q -n auto --cov=engine --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered \
	  tests/unit/engine tests/contract tests/properties $(ARGS)

setup: $(VENV)/.dev

# The documentation as pages to browse; a warning is an error.
site: $(VENV)/.dev
	@$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs build/site
	@echo "build/site/index.html"

# Every link to another site, asked once: needs the network; 1 where one is dead, 2 where nothing is reached.
links: $(VENV)/.dev
	@$(BIN)/python -m tests.support.links $(ARGS)

# The same bytes from the same commit on any machine: time stamps are the commit's own.
wheel: $(VENV)/.dev
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -t sdist

# A bill of materials, and what is known against the versions in the locks: a database on the network is asked, and one
# that does not answer for a single one of them is no clean bill. Without a network: ADVISORIES=FOLDER, a checkout of the Python
# Packaging Authority's advisory database, against which every lock is judged; its age is said.
audit: $(VENV)/.audit
	@mkdir -p dist
	@version=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' tassist/__init__.py) && \
	  sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml >$(VENV)/audit/pyproject.toml
	@$(VENV)/audit/bin/python -W ignore -m cyclonedx_py requirements requirements/runtime.txt --pyproject $(VENV)/audit/pyproject.toml \
	  --output-reproducible --of JSON --output-file dist/sbom.cdx.json
	@echo "dist/sbom.cdx.json"
ifdef ADVISORIES
	@$(VENV)/audit/bin/python -m tests.support.advisories '$(ADVISORIES)' $(addprefix requirements/,runtime.txt web.txt dev.txt audit.txt build.txt)
else
	@$(VENV)/audit/bin/pip-audit --strict --requirement requirements/runtime.txt --require-hashes --disable-pip || \
	  { echo "audit: no clean bill: something is named above, or the database could not be asked about it"; exit 1; }
endif

$(VENV)/.audit: requirements/audit.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes --no-deps -r requirements/audit.txt
	@touch $@

# The locks carry hashes and no addresses; a runtime install is a subset of a development install.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "error: tassist needs Python 3.11 or later, this is %d.%d.\n  fix: make PYTHON=python3.11" % v[:2])'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) …" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements/$$(test -f $(VENV)/.dev && echo dev || echo runtime).txt
	@$(PIP) install --require-hashes --no-deps -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) for development …" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runtime

# Needs uv on the PATH; run it after changing dependencies in pyproject.toml.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	$(LOCK) --output-file requirements/runtime.txt
	$(LOCK) --extra dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	$(LOCK) --extra web --constraint requirements/dev.txt --output-file requirements/web.txt
	$(LOCK) --extra audit --constraint requirements/dev.txt --output-file requirements/audit.txt
	printf 'hatchling\neditables\n' | uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/build.txt

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage dist
