# The one door: people and CI call the same targets. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
# Commands start some hundred times in the tests: compiled once.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage lint types imports bench bench-peers docs site pictures torture torture-bugs soak lock clean

help: ## what you can do here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

# Says what is missing and how to get it, before pip says something stranger.
define need_python
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "alert-router needs Python 3.11 or newer, and '$(PYTHON)' is not here."; \
	  echo "  Debian, Ubuntu: sudo apt-get install python3 python3-venv    macOS: brew install python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo "alert-router needs Python 3.11 to 3.14; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)."; \
	  echo "  Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python has no venv module."; \
	  echo "  Debian, Ubuntu: sudo apt-get install python3-venv"; exit 1; }
endef

$(VENV)/run.stamp: requirements.lock pyproject.toml
	$(need_python)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what alert-router needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "installing what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

demo: $(VENV)/run.stamp ## a job fails: see who would hear of it, and what (no cloud, no settings)
	@$(BIN)/alert-router demo --once

test: $(VENV)/dev.stamp ## the tests, at a size that fits a coffee
	@$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/dev.stamp lint types imports ## everything that CI checks: format, lint, types, imports, tests
	@$(BIN)/python -m pytest $(TESTS) --numprocesses auto --dist loadfile --no-loadscope-reorder

coverage: $(VENV)/dev.stamp ## the tests, and how much of the code they run: at least 90 % (half as long again)
	@$(BIN)/python -m pytest $(TESTS) --numprocesses auto --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@$(BIN)/coverage combine --quiet 2>/dev/null; $(BIN)/coverage report --skip-covered --fail-under=90

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(VENV)/dev.stamp
	@$(BIN)/pyright --warnings

imports: $(VENV)/dev.stamp
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/dev.stamp ## the figures of docs/performance.md, measured here
	@$(BIN)/python -m bench

bench-peers: $(VENV)/dev.stamp ## ours beside Debian's Alertmanager, in turn (an hour; PEERS=--quick: five minutes)
	@$(BIN)/python -m bench.peers $(PEERS)

soak: $(VENV)/dev.stamp ## a day's events, reloads and page views: does memory stay? (SOAK=--quick: two minutes)
	@$(BIN)/python -m bench soak $(SOAK)

docs: $(VENV)/dev.stamp ## renews the pages of docs/ that are generated
	@$(BIN)/python -c "from router.core.catalogue.tables import markdown; print(markdown(), end='')" > docs/events.md
	@$(BIN)/python -c "from pathlib import Path; from router.core.catalogue.tables import in_rules_page as f; p = Path('docs/rules.md'); p.write_text(f(p.read_text()))"
	@$(BIN)/alert-router coverage rules --output docs/coverage.svg
	@$(BIN)/python -m tests.docs.reference
	@$(BIN)/python -m tests.core.text.gallery > docs/texts.md
	@$(BIN)/python -c "from router.web.site import document_text; print(document_text(), end='')" > docs/openapi.json

site: $(VENV)/dev.stamp ## builds docs/ as a site into site/; open site/index.html
	@$(BIN)/zensical build --strict

pictures: $(VENV)/dev.stamp ## takes the pictures of docs/page.md and docs/gallery.md again (needs Chromium)
	@$(BIN)/python -m tests.browser.pictures
	@$(BIN)/python -m tests.docs.gallery

torture: $(VENV)/dev.stamp ## kills, power cuts and random inputs at full size (up to an hour)
	@ALERT_ROUTER_TORTURE=1 $(BIN)/python -m pytest $(TESTS) -m slow -s

torture-bugs: $(VENV)/dev.stamp ## puts known bugs in, one by one: each must turn a test red
	@$(BIN)/python -m tests.torture.bugs

lock: ## renew the locks from the ranges in pyproject.toml
	@rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/pip install --quiet --disable-pip-version-check .
	@$(VENV)/lock/bin/pip freeze --exclude alert-router > requirements.lock
	@$(VENV)/lock/bin/pip install --quiet --disable-pip-version-check '.[dev]'
	@$(VENV)/lock/bin/pip freeze --exclude alert-router > requirements-dev.lock
	@rm -rf $(VENV)/lock

clean:
	@rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
