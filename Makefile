# The two commands of the README, and the rest. Everything lives in .venv, made from requirements.txt by hash.
.DEFAULT_GOAL := help
.PHONY: help run test test-long coverage check bench bench-full lock wheelhouse clean
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PERIOD ?= 2026-09..2026-10
SHARE ?= 1/1
PYTHON_VERSION ?= 3.11

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# Quick the second time: remade only when the lock or the project's declaration changes.
$(VENV)/.ready: requirements.txt pyproject.toml
	@VENV=$(VENV) $(PYTHON) install.py

run: $(VENV)/.ready ## run two months of the job on sample_data/ and say what to open first
	@$(BIN)/python flows/monthly.py --period $(PERIOD)

# Two processes, each of which takes a file at a time in the order that tests/conftest.py gives.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# What Python compiles is kept, the assertions of the tests too: compiling them takes ten seconds of each process.
test test-long coverage: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/.ready ## run the tests, but for those that take long (8 to 12 minutes on two cores)
	@$(PYTEST)

# hypothesis marks each test that it drives; here those run again, on many more tables, periods and expressions.
# SHARE=2/8: the second of eight shares of their files.
test-long: $(VENV)/.ready ## run the tests that take long, and the others on many more examples (over 15 minutes)
	@$(PYTEST) -m "long or hypothesis" --hypothesis-profile long --share $(SHARE)

coverage: $(VENV)/.ready ## what the tests reach of the code, line by line
	@$(PYTEST) --cov --cov-report term:skip-covered

check: $(VENV)/.ready ## lint, layout of the code, and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@# What Windows lacks.
	@$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 src schemas flows install.py

bench: $(VENV)/.ready ## what takes how long: against pandas + openpyxl, results checked equal first (10 minutes)
	@$(BIN)/python benchmarks/compare.py --flow
	@$(BIN)/python benchmarks/reading.py
	@$(BIN)/python benchmarks/scoring.py
	@$(BIN)/python benchmarks/rules.py

bench-full: bench ## also the large ones, with growth to a million enterprises (an hour, 24 GB)
	@$(BIN)/python -m benchmarks.workbooks --rows 100000
	@$(BIN)/python benchmarks/one_workbook.py
	@$(BIN)/python benchmarks/scoring.py --enterprises 1000000 --rounds 1
	@$(BIN)/python benchmarks/growth.py --sizes 458,10000,100000,1000000

lock: ## renew requirements.txt (needs the network)
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet pip-tools
	@$(VENV)-lock/bin/pip-compile --quiet --extra dev --extra cluster --generate-hashes --allow-unsafe --strip-extras --no-header \
	    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate -o requirements.txt pyproject.toml
	@rm -rf $(VENV)-lock

# PLATFORM: none for a machine like this one, win_amd64 for Windows; several, for a Linux of another kind, by blanks.
# pip would look for what a package needs by this machine's rules, so that the lock, which is whole, is taken as it is.
wheelhouse: $(VENV)/.ready ## all packages by hash, for a machine without network: PLATFORM=win_amd64 for Windows
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
	    $(if $(PLATFORM),$(addprefix --platform ,$(PLATFORM)) --implementation cp --python-version $(PYTHON_VERSION)) \
	    --dest wheelhouse -r requirements.txt
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir wheelhouse .
	@echo "wheelhouse/: $$(ls wheelhouse | wc -l) packages, $$(du -sh wheelhouse | cut -f 1). docs/operations.md says how to install them."

clean: ## remove what runs and tests have made (not the environment)
	@rm -rf output warehouse .prefect .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
