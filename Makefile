# One command each. `make` alone lists them. A Makefile, because nothing has to be installed first.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := list

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup

# Development must not depend on what a caller's environment happens to say; hundreds of processes that each compile
# everything anew would take minutes.
unexport PYTHONPATH PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: list
list:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# -------------------------------------------------------------------------------------------------- to use and to try

.PHONY: setup
setup: .venv/.done ## make .venv from the hashed lock; instant when it is there already

.venv/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
		echo "Comity needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." >&2
		echo "Name another one: make setup PYTHON=python3.12" >&2
		exit 2
	}
	echo "setting up .venv (a minute or two, once)"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	$(BIN)/python -c 'from comity.node.index.warming import warm; warm()'
	touch $@

.PHONY: run
run: setup ## the exercise organisation on this machine: a secretariat, two relays and six bureaus, until Ctrl-C
	@$(BIN)/comity exercise

.PHONY: demo-check
demo-check: setup ## the same exercise, every claim on the screen checked; ends by itself
	@$(BIN)/comity exercise --check

# ------------------------------------------------------------------------------------------------------- to develop

.PHONY: test
test: setup ## the tests that need nothing outside this folder (under 10 minutes)
	@$(PYTEST) -m "not foreign and not services and not slow and not demo and not bite and not faults"

.PHONY: lint
lint: setup ## ruff, mypy, import contracts, generated pages up to date
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python docs/generate.py --check

.PHONY: format
format: setup ## let ruff put the code in order
	@$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

.PHONY: docs
docs: setup ## write docs/acts.md and docs/cli.md again from the code
	@$(BIN)/python docs/generate.py

.PHONY: bench
bench: setup as2 ## run every bench/*.py: name, unit, median, spread, machine
	@shopt -s nullglob
	files=(bench/*.py)
	[ $${#files[@]} -gt 0 ] || echo "bench/ holds no measurement yet"
	for file in "$${files[@]}"; do
		echo "== $$file"
		$(BIN)/python "$$file"
	done

.PHONY: soak
soak: setup ## the slow tests, by hand; write the result and the date into SOUNDNESS.md
	@status=0
	$(BIN)/pytest -m slow --timeout 0 || status=$$?
	if [ $$status -eq 5 ]; then echo "there is no slow test yet: nothing was soaked"; status=0; fi
	exit $$status

# ----------------------------------------------------------------------------------------------- all that CI demands

.PHONY: check
check: setup tools foreign .fuzz/.done ## all of CI: lint, bites, and every test but the slow ones, none skipped (under 60 minutes)
	@start=$$SECONDS
	echo "== lint"
	$(MAKE) --no-print-directory lint
	echo "== tests"
	$(PYTEST) -m "not slow" --none-skipped
	echo "== bites"
	$(BIN)/python tests/bites/run.py --jobs $(WORKERS) --passed
	echo "== fuzzing"
	$(MAKE) --no-print-directory fuzz EACH=5
	echo "check: all good in $$((SECONDS - start)) s"

.PHONY: bite
bite: setup ## take out each defence in turn; the test that guards it must fail
	@$(BIN)/python tests/bites/run.py --jobs $(WORKERS)

.PHONY: services
services: setup ## the tests that need PostgreSQL (they start a server of their own)
	@$(PYTEST) -m "services and not slow" --none-skipped

.PHONY: foreign
foreign: .foreign/.done ## make .foreign, the environment of the verifiers that others wrote

.foreign/.done: tests/foreign/requirements.lock
	@$(PYTHON) -m venv --clear .foreign
	.foreign/bin/python -m pip install --quiet --require-hashes -r tests/foreign/requirements.lock
	touch $@

.PHONY: as2
as2: .as2/.done ## make .as2, the environment of the peer that bench/exchange.py is measured beside

.as2/.done: bench/measured/as2.lock
	@$(PYTHON) -m venv --clear .as2
	.as2/bin/python -m pip install --quiet --require-hashes -r bench/measured/as2.lock
	touch $@

.PHONY: peers
peers: .peers/.done ## make .peers, the environment of the peers that bench/match.py is measured beside

.peers/.done: bench/measured/peers.lock
	@$(PYTHON) -m venv --clear .peers
	.peers/bin/python -m pip install --quiet --require-hashes -r bench/measured/peers.lock
	touch $@

.PHONY: models
models: .models/.done ## train the models of comity/engines/match again from DATA=folder (docs/matching.md)
	@PYTHONPATH=$(CURDIR) .models/bin/python bench/train_match.py $(DATA)

.models/.done: requirements.lock bench/training/lightgbm.lock
	@$(PYTHON) -m venv --clear .models
	.models/bin/python -m pip install --quiet --require-hashes -r requirements.lock -r bench/training/lightgbm.lock
	touch $@

# Seconds for each decoder.
EACH ?= 600

.PHONY: fuzz
fuzz: .fuzz/.done ## fuzz every decoder, guided by coverage, for EACH=600 seconds; what breaks is kept as a test
	@.fuzz/bin/python tests/fuzz/run.py --seconds $(EACH) --jobs $(WORKERS)

.fuzz/.done: requirements.lock tests/fuzz/requirements.lock
	@$(PYTHON) -m venv --clear .fuzz
	.fuzz/bin/python -m pip install --quiet --require-hashes -r requirements.lock -r tests/fuzz/requirements.lock
	touch $@

# Debian's names of what `make check` needs beside Python; installed when missing, if we may.
.PHONY: tools
tools:
	@missing=()
	command -v go >/dev/null || missing+=(golang-go)
	[ -d /usr/share/gocode/src/golang.org/x/mod ] || missing+=(golang-golang-x-mod-dev)
	command -v node >/dev/null || missing+=(nodejs)
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
	[ $${#missing[@]} -gt 0 ] || exit 0
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "make check needs these too: $${missing[*]} (Debian's names); install them and try again" >&2
		exit 2
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq </dev/null
	apt-get install -y -qq --no-install-recommends "$${missing[@]}" </dev/null

# pip's own configuration is left out, so that no index address and no local file can get into a lock. Python 3.11, as
# the oldest we support, decides. An index other than the default comes from PIP_INDEX_URL.
LOCK_OPTIONS := --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# pip-compile drops the marker that pyproject.toml has, and elsewhere there is nothing to install.
PSI_MACHINES := (platform_machine == 'x86_64' or sys_platform == 'darwin') and python_version < '3.14'

.PHONY: lock
lock: ## write requirements.lock and those of tests/foreign, tests/fuzz and bench again; UPGRADE=--upgrade takes the newest versions
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
		echo "the lock is made with Python 3.11: make lock PYTHON=python3.11" >&2
		exit 2
	}
	place=$$(mktemp -d)
	trap 'rm -rf "$$place"' EXIT
	$(PYTHON) -m venv "$$place"
	"$$place/bin/python" -m pip install --quiet 'pip-tools>=7.6'
	export PIP_CONFIG_FILE=/dev/null
	unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL
	write() {
		local lock=$$1 command=$$2
		shift 2
		if [ -f "$$lock" ]; then cp "$$lock" "$$place/lock"; else : >"$$place/lock"; fi
		"$$place/bin/pip-compile" $(LOCK_OPTIONS) $(UPGRADE) -o "$$place/lock" "$$@"
		if grep -nE '://|^-' "$$place/lock"; then echo "$$lock would name an address" >&2; exit 1; fi
		{
			echo "# Every package that \`$$command\` installs, with the SHA-256 of each of its files." \
				"Written by \`make lock\`; names no index."
			sed -e '/^#/d' -e "s/^openmined-psi==[^ ]*/& ; $(PSI_MACHINES)/" "$$place/lock"
		} >"$$lock"
	}
	write requirements.lock 'make setup' --extra dev --extra match --extra postgres --extra psi pyproject.toml
	write tests/foreign/requirements.lock 'make foreign' tests/foreign/requirements.in
	write tests/fuzz/requirements.lock 'make fuzz' tests/fuzz/requirements.in
	write bench/measured/as2.lock 'make as2' bench/measured/as2.in
	write bench/measured/peers.lock 'make peers' bench/measured/peers.in
	write bench/training/lightgbm.lock 'make models' bench/training/lightgbm.in
