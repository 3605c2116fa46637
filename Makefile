# `make demo` and `make test` need Python 3.11 or newer, make and git; everything else they set up themselves, once.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Where it is set, each process would compile all that it imports anew, at every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check audit sbom wheel fuzz fuzz-parsers bench bench-transports bench-scale docs format lock clean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

# Not compiled: modules are when they are first imported, and most of what comes along never is. In two halves at once:
# most of the time goes to reading what an index has of each package, which takes one processor.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Rekindle needs Python 3.11 or newer; found " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once; again when the lock changes)"
	@$(PYTHON) -m venv $(VENV)
	@awk '/^[a-z]/ { half = !half } { print > ("$(VENV)/half-" half ".lock") }' requirements.lock
	@printf '%s\n' 0 1 | xargs -P 2 -I {} $(PIP) --no-compile --require-hashes --requirement $(VENV)/half-{}.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the main job on sample couples: eight weeks in seconds, then look at demo/index.html
	@$(BIN)/rekindle demo --out demo

test: $(READY) ## run the tests
	@tests/setup_services.sh
	@$(BIN)/python -m pytest -n auto --dist worksteal

CHECKS := check-ruff check-bandit check-mypy check-imports check-shipped
.PHONY: $(CHECKS)

check: $(READY) ## ruff, bandit, mypy strict, import-linter, and our own lint of what is shipped; all at once
	@$(MAKE) --no-print-directory --jobs $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(CHECKS)

$(CHECKS): $(READY)

check-ruff:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

check-bandit:
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive engine cli.py

check-mypy:
	@$(BIN)/mypy

check-imports:
	@$(BIN)/lint-imports

check-shipped:
	@$(BIN)/rekindle check campaigns

sbom: $(READY) ## the bill of materials of deploy/requirements.lock, in CycloneDX 1.6, into build/sbom.json
	@$(BIN)/python docs/packages.py sbom

wheel: $(READY) ## the wheel, into dist/; the same commit gives the same bytes, and its hash is shown
	@rm -f dist/*.whl
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation \
	  --no-index --disable-pip-version-check --wheel-dir dist .
	@$(BIN)/python -m pip hash dist/*.whl

PIP_AUDIT := build/audit/bin/pip-audit

$(PIP_AUDIT): # in a venv of its own: it brings thirty packages, and nothing of ours needs them
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1

audit: $(PIP_AUDIT) ## known vulnerabilities of what requirements.lock names (needs the network); SERVICE=pypi or osv
	@SERVICE=$(SERVICE) deploy/audit.sh $(PIP_AUDIT)

SECONDS ?= 60

fuzz: $(READY) ## the engine through lives of kept and of fresh seeds, and with bugs planted in it; SECONDS=60
	@$(BIN)/python -m fuzz --kept
	@$(BIN)/python -m fuzz --mutants --processes 2
	@$(BIN)/python -m fuzz --seconds $(SECONDS)

bench: $(READY) ## ratios against naive ways of doing the same work, in one run
	@$(BIN)/python -m bench

bench-transports: $(READY) ## SMTP, SendGrid and Twilio against plain clients, on loopback, in under four minutes
	@$(BIN)/python -m bench transports

bench-scale: $(READY) ## PostgreSQL by one, two and four processes, into loopback sinks; what jobs, waking and memory cost
	@$(BIN)/python -m bench scale

SECONDS ?= 60
fuzz-parsers: $(READY) ## every parser of what comes from outside, SECONDS each, guided by coverage (Linux; needs atheris)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3'
	@for name in $(notdir $(wildcard tests/fuzzing/corpus/*)); do \
	  echo "$$name"; $(BIN)/python tests/fuzzing/harnesses/parsers.py $$name -max_total_time=$(SECONDS) -verbosity=0 || exit 1; \
	done

docs: $(READY) ## the pages that are made of the code, and the site, into build/site/index.html
	@$(BIN)/python docs/reference.py
	@$(BIN)/python docs/packages.py
	@$(BIN)/zensical build --strict

format: $(READY) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(READY) ## write requirements.lock and the locks in deploy/ anew (needs uv)
	uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --output-file requirements.lock
	uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --constraint requirements.lock --output-file deploy/requirements.lock
	uv pip compile --quiet --group pyproject.toml:build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --constraint requirements.lock --output-file deploy/build.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
