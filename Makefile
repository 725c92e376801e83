# Every target sets itself up: a machine with python3 (3.11 or newer, with venv) and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo docs test test-fast check bench judges js setup lock clean

setup: $(READY)

$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("narrowgate needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "cannot make a virtual environment: install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)
	$(BIN)/narrowgate demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-fast: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m bench setup
	$(BIN)/python -m bench policy
	$(BIN)/python -m bench sandbox
	$(BIN)/python -m bench proofs
	$(BIN)/python -m bench.enforcement_peers

# The judges of the policy engine at full length, half an hour on two cores. iam-simulate needs node and npm.
JUDGE := judges/iam_simulate/node_modules/.package-lock.json
judges: $(READY) $(JUDGE)
	$(BIN)/python -m judges.differ --requests 100000 --seed 1
	$(BIN)/python -m judges.compare --random 5000 --managed 1000 --seed 4
	$(BIN)/python -m judges.hostile --documents 100000 --seed 1

$(JUDGE): judges/iam_simulate/package-lock.json
	npm ci --prefix judges/iam_simulate --no-audit --no-fund

# The AWS SDK for JavaScript, by which a part of the enforcement table is run; without it those tests are skipped.
JS := tests/enforcement/js/node_modules/.package-lock.json
js: $(JS)
$(JS): tests/enforcement/js/package-lock.json
	npm ci --prefix tests/enforcement/js --no-audit --no-fund

# Resolves the locks anew. uv is needed only here: `pip install uv`.
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --python-version 3.11 pyproject.toml
lock:
	$(LOCK) --output-file requirements/runtime.lock
	$(LOCK) --group dev --output-file requirements/dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Writes docs/reference.md from the code.
docs: $(READY)
	$(BIN)/python -m tools.reference
