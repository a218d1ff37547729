# What to do with the service; `make` alone lists it.
#
# PYTHON and VENV can be chosen: make test PYTHON=python3.13 VENV=.venv-3.13

.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
# The first of these that is 3.11 or later; looked for only when VENV is to be made.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
RUNNABLE := $(VENV)/.runnable
INSTALLED := $(VENV)/.installed
SEMGREP := $(VENV)-semgrep/.installed
CONTRACT := $(VENV)-contract/.installed
# The tests start Python hundreds of times, which would compile the service each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test test-pooler contract faults lint lock bench audit clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Make the virtual environment and install what development needs.

run: $(RUNNABLE) ## Serve on http://127.0.0.1:8000 (PORT=8001 make run: on another port).
	@exec $(BIN)/flask dev --parent $$PPID

test: lint ## Check the style and the types, then run the tests.
	@if command -v npm >/dev/null && command -v chromium >/dev/null; then \
		$(MAKE) --no-print-directory $(CONTRACT); \
	else \
		echo 'The tests of the contract are left out: npm or chromium is not installed.' >&2; \
	fi
	$(BIN)/pytest -n 4 --dist worksteal
	@if PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null; then \
		$(MAKE) --no-print-directory test-pooler; \
	else \
		echo 'The tests are not run through PgBouncer: it is not installed.' >&2; \
		$(MAKE) --no-print-directory test-pooler POOLER=0; \
	fi

POOLER := 1
test-pooler: $(INSTALLED) ## Run the API's tests on a newer release's schema, through PgBouncer.
	TEST_NEWER=1 TEST_POOLER=$(POOLER) $(BIN)/pytest -n 2 --dist worksteal tests/service/api tests/service/models \
		tests/json_rows tests/smorest_sqlmodel tests/app_server/test_canonical.py \
		tests/app_server/test_cors.py tests/app_server/test_headers.py tests/app_server/test_security.py \
		tests/app_server/test_readiness.py tests/app_server/test_operations.py \
		--ignore tests/json_rows/test_read_replica.py

contract: $(CONTRACT) ## Hold the OpenAPI document against linters, generated clients and a browser.
	$(BIN)/pytest tests/contract

faults: $(INSTALLED) ## Put the service under load and break what it stands on, for 7 minutes.
	$(BIN)/python -m tests.faults $(FAULTS)

lint: $(INSTALLED) ## Check the style, the types and the direction of imports.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Compare the speed with that of peers (needs wrk).
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --quiet --requirement requirements/bench.txt
	$(BIN)/python benchmarks/rest.py
	$(BIN)/python benchmarks/import_sqlite.py

audit: $(INSTALLED) $(SEMGREP) ## Attack the service with bandit, semgrep, Schemathesis and sqlmap.
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --quiet --requirement requirements/audit.txt
	$(BIN)/python -m tests.audit $(AUDIT)

# An environment of its own: semgrep wants older versions of OpenTelemetry than the service.
$(SEMGREP): requirements/semgrep.txt | $(INSTALLED)
	$(BIN)/python -m venv $(VENV)-semgrep
	$(VENV)-semgrep/bin/python -m pip install --quiet --requirement requirements/semgrep.txt
	@touch $@

# Environments of their own, for Python and Node: nothing of the service depends on them. The date
# stands in for npm's lock file: what the pinned packages depend on is chosen as of that day.
NPM_AS_OF := 2026-11-26
$(CONTRACT): requirements/contract.txt tests/contract/package.json Makefile | $(INSTALLED)
	@echo 'Installing into $(VENV)-contract …' >&2
	@$(BIN)/python -m venv $(VENV)-contract
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)-contract/bin/python -m pip install --quiet \
		--requirement requirements/contract.txt
	@cp tests/contract/package.json $(VENV)-contract
	@npm install --prefix $(VENV)-contract --before=$(NPM_AS_OF) --no-package-lock --ignore-scripts \
		--no-audit --no-fund --loglevel=error
	@touch $@

clean: ## Remove the virtual environment and all caches, but no data.
	rm -rf $(VENV) $(VENV)-semgrep $(VENV)-contract .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

# The build backend is in the lock too, so that installing the project itself fetches nothing more.
lock: ## Choose the versions of requirements/ anew where pyproject.toml asks for it (needs uv).
	echo 'hatchling>=1.27' | $(COMPILE_PROJECT) - --group embedded --group test \
		-o requirements/dev.txt
	echo 'hatchling>=1.27' | $(COMPILE_PROJECT) - --all-extras --constraint requirements/dev.txt \
		-o requirements/production.txt
	echo 'hatchling>=1.27' | $(COMPILE_PROJECT) - --group embedded \
		--constraint requirements/dev.txt -o requirements/run.txt
	$(COMPILE_PROJECT) --constraint requirements/dev.txt --group bench -o requirements/bench.txt
	$(COMPILE_PROJECT) --constraint requirements/dev.txt --group audit -o requirements/audit.txt
	echo 'semgrep>=1.185' | $(COMPILE) - -o requirements/semgrep.txt
	echo 'openapi-python-client>=0.29' | $(COMPILE) - -o requirements/contract.txt
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock' $(LOCK_FLAGS)
COMPILE_PROJECT = $(COMPILE) pyproject.toml

# uv where it is there, as it is faster; who works with `uv sync` has a uv.lock and goes on with it.
$(RUNNABLE): requirements/run.txt pyproject.toml
	@$(call install,requirements/run.txt,--no-default-groups --group embedded)
	@touch $@

$(INSTALLED): requirements/dev.txt pyproject.toml | $(RUNNABLE)
	@$(call install,requirements/dev.txt,)
	@touch $@

# $(1): the requirements, $(2): the options of `uv sync`. Each name is shown when its turn comes.
define install
set -e; \
if [ ! -x $(BIN)/python ] && [ -z "$(PYTHON)" ]; then \
	echo 'Python 3.11 or later is needed, and none was found: install it, or name it' \
		'with PYTHON=/path/to/python3.' >&2; exit 1; \
fi; \
echo "Installing $$(grep -c '^[a-z]' $(1)) packages into $(VENV) …" >&2; \
if command -v uv >/dev/null && [ -e uv.lock ]; then \
	UV_PROJECT_ENVIRONMENT=$(VENV) uv sync $(2); \
elif command -v uv >/dev/null; then \
	[ -x $(BIN)/python ] || uv venv --quiet --python "$(PYTHON)" $(VENV); \
	export VIRTUAL_ENV=$(VENV); \
	uv pip install --requirement $(1) >/dev/null; \
	uv pip install --quiet --no-deps --no-build-isolation --editable .; \
else \
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV); \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; \
	export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	{ $(BIN)/python -m pip install --requirement $(1) || touch $(VENV)/.failed; } \
		| sed -n 's/^\(Collecting [^=;]*\).*/  \1/p; s/^Installing .*/  Installing/p' >&2; \
	! rm $(VENV)/.failed 2>/dev/null || exit 1; \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
fi
endef
