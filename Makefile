# Sunhwan (순환): `make` alone lists what there is. Needs only Python >= 3.11, make and a network once.

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

# What was installed is remembered by the checksum of what asked for it, so nothing is installed twice
# and nothing is forgotten. A moved folder or another Python makes a new .venv.
digest = $(shell cat $(1) 2>/dev/null | cksum | tr ' ' '-')
VENV_STAMP := .venv/.made-$(shell { echo "$(CURDIR)"; $(PYTHON) -V; } 2>/dev/null | cksum | tr ' ' '-')
RUN_STAMP := .venv/.run-$(call digest,requirements.txt pyproject.toml)
DEV_STAMP := .venv/.dev-$(call digest,requirements.txt requirements-dev.txt pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test check bench prove provider lock clean

help: ## List these commands
	@echo "순환 Sunhwan — make <command>"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "The program itself: $(BIN)/sunhwan --help"

run: $(RUN_STAMP) ## Install once, then start database, console, API and worker on 127.0.0.1:8000
	@exec $(BIN)/sunhwan up $(ARGS)

test: $(DEV_STAMP) ## Run the whole test suite (ARGS="-k words" narrows it; DATABASE_URL=... names another server)
	@exec $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

check: $(DEV_STAMP) ## Check format, lint, types, import contracts, known weaknesses, secrets
	@failed=; typed=$$(mktemp); \
	$(BIN)/mypy >$$typed 2>&1 & typing=$$!; \
	types() { wait $$typing; state=$$?; cat $$typed; rm -f $$typed; return $$state; }; \
	tell() { printf '\n== %s\n' "$$1"; heading=$$1; shift; "$$@" || failed="$$failed, $$heading"; }; \
	tell 'format (ruff format)' $(BIN)/ruff format --check .; \
	tell 'lint (ruff check)' $(BIN)/ruff check .; \
	tell 'import contracts (lint-imports)' $(BIN)/lint-imports; \
	tell 'weak spots (bandit)' $(BIN)/bandit -q -r app domain adapters migrations -c pyproject.toml; \
	tell 'secrets in tracked files' $(BIN)/python -m tests.security.secrets; \
	audited=$$(mktemp); \
	tell 'known weaknesses of libraries (pip-audit)' $(BIN)/python -m tests.security.libraries --told $$audited; \
	tell 'types (mypy --strict)' types; \
	missed=$$(cat $$audited); rm -f $$audited; \
	if [ -n "$$failed" ]; then printf '\nmake check: failed: %s\n' "$${failed#, }" >&2; exit 1; fi; \
	if [ -n "$$missed" ]; then printf '\nmake check: all hold that was checked; known weaknesses of libraries: %s\n' "$$missed"; \
	else printf '\nmake check: all hold\n'; fi

bench: $(DEV_STAMP) ## Measure how fast the main paths are
	@exec $(BIN)/python -m tests.bench $(ARGS)

provider: .provider/.made ## Install the OpenID Connect provider that `make prove` signs in by (a .venv of its own)

prove: $(DEV_STAMP) .provider/.made ## Run the long proofs (crashes, races, real files)
	@exec $(BIN)/python -m pytest -m prove $(ARGS)

setup: $(RUN_STAMP) ## Only install what running needs
	@echo "Ready: $(BIN)/sunhwan --help"

setup-dev: $(DEV_STAMP) ## Only install what tests and checks need
	@echo "Ready: make test, make check"

lock: ## Resolve the dependencies anew into both requirement files (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH." >&2; exit 1; }
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.txt --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o requirements-dev.txt
	echo 'canaille[oidc]==0.3.6' | uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o tests/provider/requirements.txt

clean: ## Remove .venv and caches; the database in ./var stays
	rm -rf .venv .provider dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app domain adapters migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ── below here nothing is meant to be called by name ──────────────────────────────────────────────

$(VENV_STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Sunhwan needs Python 3.11 or newer; '$(PYTHON)' is not: name one with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python cannot make a virtual environment: install it with 'apt-get install python3-venv' and try again." >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || { \
	  rm -rf .venv; echo "The virtual environment .venv could not be made; the reason stands above." >&2; exit 1; }
	@touch $@

$(RUN_STAMP): $(VENV_STAMP)
	@$(call install,requirements.txt,.venv/.run-*)
	@touch $@

$(DEV_STAMP): $(VENV_STAMP)
	@$(call install,requirements-dev.txt,.venv/.run-* .venv/.dev-*)
	@touch $(RUN_STAMP) $@

.provider/.made: tests/provider/requirements.txt
	@rm -rf .provider && $(PYTHON) -m venv .provider
	@.provider/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r $<
	@touch $@

define install
rm -f $(2); echo "Installing the locked libraries of $(1) into .venv (once, about a minute) ..."; \
{ $(PIP) --require-hashes -r $(1) && $(PIP) --no-deps --no-build-isolation --no-index -e .; } || { \
  echo "The libraries could not be installed; the reason stands above. The next make tries again." >&2; exit 1; }
endef
