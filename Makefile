# Branchbox. `make` alone lists what there is. Everything is installed into this folder: .venv, ui/node_modules.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
NPM := cd ui && ../$(BIN)/python ../tools/node.py npm
CODE := edge drivers sync tests tools hatch_build.py
SCRIPTS := ui/preview

# `make check` runs these; `make test` every folder below tests/.
EARLY := tests/tidy tests/unit tests/property tests/sync tests/drivers
# Tests that wait for a clock leave a processor to those that compute. A file's tests stay together: they share what is slow to start.
WORKERS ?= 2
TOGETHER := --numprocesses $(WORKERS) --dist loadfile

.PHONY: help
help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

##### Setting up

PACKAGES := $(BIN)/.packages
DEVICE_PACKAGES := $(BIN)/.device-packages
PAGES := edge/web/static/front/index.html
UI_SOURCES := $(shell find ui -type f -not -path '*/node_modules/*' -not -path 'ui/preview/*' -not -name '*.test.ts' 2>/dev/null)

.PHONY: setup
setup: packages-for-test $(PACKAGES) $(DEVICE_PACKAGES) $(PAGES) ## Install everything that running and testing need; run nothing

.PHONY: packages-for-run packages-for-test
packages-for-run:
	@tools/system_packages run
packages-for-test:
	@tools/system_packages test

$(PACKAGES): requirements/dev.txt requirements/node.txt pyproject.toml | packages-for-run
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python tools/node.py --check || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/node.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q -j 0 edge drivers sync  # where Python may not write beside the sources, each start would compile
	@touch $@

# Input devices and card readers: compiled here, which takes a compiler and headers that `make run` asks nobody for.
$(DEVICE_PACKAGES): requirements/devices.txt $(PACKAGES) | packages-for-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes --requirement requirements/devices.txt
	@touch $@

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json | $(PACKAGES)
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(PAGES): $(UI_SOURCES) ui/node_modules/.package-lock.json
	$(NPM) run --silent build

##### Using it

.PHONY: run
run: packages-for-run $(PACKAGES) $(PAGES) ## Start the demo: head office, a branch, every device emulated, http://127.0.0.1:8080/
	$(BIN)/branchbox demo $(ARGS)

.PHONY: wheel
wheel: $(PACKAGES) $(PAGES) ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

##### Checking it

.PHONY: test
test: setup fmt-check lint types arch ui-check ## Everything: style, types, imports, pages, every test
	$(BIN)/pytest $(TOGETHER) tests

.PHONY: check
check: $(PACKAGES) fmt-check lint types arch ## The fast gate: style, types, imports, unit and tidy tests
	$(BIN)/pytest $(TOGETHER) $(EARLY) -m "not slow"

.PHONY: fmt
fmt: $(PACKAGES) ## Format the Python code and repair what the linter can
	$(BIN)/ruff check --fix $(CODE) $(SCRIPTS)
	$(BIN)/ruff format $(CODE) $(SCRIPTS)

.PHONY: fmt-check
fmt-check: $(PACKAGES)
	$(BIN)/ruff format --check --quiet $(CODE) $(SCRIPTS)

.PHONY: lint
lint: $(PACKAGES) ## ruff, every rule
	$(BIN)/ruff check --quiet $(CODE) $(SCRIPTS)

.PHONY: types
types: $(PACKAGES) ## mypy, strict, the tests too
	$(BIN)/mypy $(CODE)

.PHONY: arch
arch: $(PACKAGES) ## Which room may import which
	$(BIN)/lint-imports --no-cache --no-logo

.PHONY: ui-check
ui-check: $(PAGES) ## The pages: lint, types, unit tests, their weight
	$(NPM) run --silent lint
	$(NPM) exec -- vue-tsc --noEmit
	$(NPM) run --silent test
	$(NPM) run --silent size

.PHONY: test-unit
test-unit: $(PACKAGES) ## Unit and property tests
	$(BIN)/pytest tests/unit tests/property tests/sync

.PHONY: test-drivers
test-drivers: $(PACKAGES) $(DEVICE_PACKAGES) ## Every driver on every wire
	$(BIN)/pytest $(TOGETHER) tests/drivers

.PHONY: test-driver
test-driver: $(PACKAGES) ## NAME=x: one family's codec and stories on every wire
	$(BIN)/pytest -q tests/drivers -k $(NAME)

.PHONY: e2e
e2e: setup ## The journeys in a real Chromium
	$(BIN)/pytest tests/e2e

.fuzz: requirements/fuzz.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target $@ --upgrade --requirement $<
	@touch $@

.PHONY: fuzz
fuzz: $(PACKAGES) .fuzz ## FAMILY=x SECONDS_EACH=n: rubbish for every device family's codec, guided by coverage (atheris)
	PYTHONPATH=.fuzz $(BIN)/python -m tools.fuzz --family "$(FAMILY)" --seconds $(or $(SECONDS_EACH),60)

.PHONY: qemu-devices
qemu-devices: $(PACKAGES) $(DEVICE_PACKAGES) ## Device tests on a real kernel's USB, uinput and uhid, in QEMU; not part of the tests, two minutes and more
	tools/system_packages kernel
	$(BIN)/python -m tools.qemu_devices $(ARGS)

##### Measuring it

CUTS ?= 10000
SEED ?= 1
SEEDS ?= 1000
SECONDS ?= 120
FROM ?= 0

.PHONY: bench
bench: $(PACKAGES) $(PAGES) ## The marks, as ratios to this machine's own limits
	$(BIN)/python -m tests.bench $(ARGS)

.PHONY: powercut
powercut: $(PACKAGES) ## CUTS=n power cuts on the real schema, drawn from SEED=k; figures last
	$(BIN)/python -m tests.durability.power_cut --cuts $(CUTS) --seed $(SEED)

.PHONY: storm
storm: $(PACKAGES) ## SECONDS=n of hands at every device while people take numbers, drawn from SEED=k; figures last
	$(BIN)/python -m tests.durability.hands --seconds $(SECONDS) --seed $(SEED)

.PHONY: sim
sim: $(PACKAGES) ## SEEDS=n histories of branch and head office from FROM=k; figures last
	$(BIN)/python -m tests.sim --seeds $(SEEDS) --from $(FROM)

##### Adding to it

KIND ?= shows

.PHONY: new-driver
new-driver: $(PACKAGES) ## NAME=x KIND=shows|reads: write a new family of devices that passes its conformance at once
	$(BIN)/python -m tools.new_driver $(NAME) $(KIND)

##### Keeping it

LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: lock
lock: ## Resolve the dependencies anew into requirements/
	$(LOCK) --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) --extra dev --constraint requirements/runtime.txt --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --extra devices --constraint requirements/runtime.txt --output-file requirements/devices.txt pyproject.toml
	$(LOCK) --output-file requirements/node.txt requirements/node.in
	$(LOCK) --output-file requirements/fuzz.txt requirements/fuzz.in

.PHONY: reference
reference: $(PACKAGES) ## Write the generated pages of docs/reference/
	$(BIN)/python -m tools.reference

.PHONY: clean
clean: ## Remove what was built, installed and cached here
	rm -rf .venv .fuzz .qemu ui/node_modules edge/web/static dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find edge drivers sync tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
