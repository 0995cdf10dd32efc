# Everything that a person or a machine does with a checkout. `make` alone lists the targets.
#
# Two commands matter: `make demo` and `make test`. Each does all that it needs from a bare checkout and nothing
# twice: a stamp file in .venv stands for each finished step.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip --quiet --quiet
MOIETY := $(VENV)/bin/moiety
ENVIRONMENT := $(VENV)/stamp-environment
PACKAGE := $(VENV)/stamp-package
export MOIETY_PYTHON UPGRADE

# Two more than processors, four at most: who tests custodians apart waits a good part of the time.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 2 ? n + 2 : 4)))

# The suite writes durably, and waits for the disk more than for anything else. Where this machine has memory to spare
# it writes there: nothing in it cuts the power. Others may pass through that folder: where root runs the suite, its
# PostgreSQL runs as nobody.
MEMORY := $(shell awk '/^MemAvailable/ { exit $$2 < 18000000 }' /proc/meminfo 2>/dev/null && \
    [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print ($$4 > 14000000) }')" = 1 ] && [ -w /dev/shm ] && \
    echo yes)

# How many numbered steps what was asked for has.
STEPS := $(or $(if $(filter test,$(MAKECMDGOALS)),6),$(if $(filter demo,$(MAKECMDGOALS)),4),$(if \
    $(filter models bench,$(MAKECMDGOALS)),3),2)

.PHONY: help install models demo test bench sensenets lint sbom lock contracts wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(PACKAGE) ## .venv with the locked dependencies and the moiety command

$(ENVIRONMENT): requirements.txt tools/find-python
	@echo "[1/$(STEPS)] Python environment in $(VENV): about 600 MB to download, 1.7 GB on disk, 2 to 5 minutes"
	@python=$$(tools/find-python); \
	if ! $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then \
	    "$$python" -m venv --clear $(VENV) || { \
	        echo "$$python could not make $(VENV). Make sure that this folder can be written to and, on Debian or" \
	             "Ubuntu, that python3-venv is installed." >&2; exit 1; }; \
	fi
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.txt || { \
	    echo "The dependencies could not be installed. Where pip could not reach its package index or a mirror, see to" \
	         "the network or pip's configuration; where a hash differs, do not go on: the file is not the one that was" \
	         "locked. Then run the same make command again: it goes on from here." >&2; exit 1; }
	@touch $@

$(PACKAGE): $(ENVIRONMENT) pyproject.toml
	@echo "[2/$(STEPS)] The package itself: no download, a few seconds"
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable . || { \
	    echo "The package could not be installed into $(VENV). 'make clean' and the same command again start afresh." >&2; \
	    exit 1; }
	@touch $@

models: $(PACKAGE) ## the default models and the demo's photographs, into the user's data folder
	@echo "[3/$(STEPS)] Models and photographs: 34 MB to download the first time, 15 MB kept, under a minute"
	@$(MOIETY) models install --defaults || { \
	    echo "The models could not be installed. What the line above names is missing; see also" \
	         "'$(MOIETY) models install --help' for how to install from files without a network." >&2; exit 1; }

demo: models ## the whole thing on one screen: real photographs, three custodians, a thief
	@echo "[4/$(STEPS)] The demo: no download, about a minute"
	@$(MOIETY) demo

test: demo ## the demo's steps, then every check and the whole suite
	@echo "[5/$(STEPS)] Style and types: no download, under a minute"
	@$(MAKE) lint
	@echo "[6/$(STEPS)] The suite: no download, about 25 minutes on two cores"
	@$(if $(MEMORY),export TMPDIR=$$(mktemp -d /dev/shm/moiety.XXXXXX); trap 'rm -rf "$$TMPDIR"' EXIT; \
	    chmod 711 "$$TMPDIR";) \
	$(PYTHON) -m pytest --numprocesses $(WORKERS) --dist worksteal

lint: $(PACKAGE) ## ruff and strict mypy
	@$(VENV)/bin/ruff check --quiet . || { echo "'$(VENV)/bin/ruff check --fix .' mends most of these." >&2; exit 1; }
	@$(VENV)/bin/ruff format --quiet --check . || { echo "'$(VENV)/bin/ruff format .' mends this." >&2; exit 1; }
	@$(VENV)/bin/mypy

bench: models ## measure on this machine and write the figures into the README (about 20 minutes, 8 GB of memory)
	@$(PYTHON) -m tools.measure
	@$(PYTHON) -m tools.figures

sensenets: models ## 2,565,724 people through all of it, on this disk (about an hour, 15 GB of disk)
	@$(PYTHON) -m tools.sensenets --folder $${TMPDIR:-/tmp}

contracts: $(PACKAGE) ## write the generated documentation again
	@$(PYTHON) tools/contracts.py

wheel: $(PACKAGE) ## dist/moiety-*.whl, built from this checkout alone
	@rm -rf dist && $(PIP) wheel --no-deps --no-build-isolation --no-index --wheel-dir dist .
	@ls dist/*.whl

sbom: $(PACKAGE) ## dist/moiety.cdx.json, CycloneDX: what is installed, its licences, who needs what
	@mkdir -p dist && $(PYTHON) -m tools.sbom dist/moiety.cdx.json
	@echo dist/moiety.cdx.json

lock: ## solve the dependencies anew and write requirements.txt (needs the package index)
	@tools/lock

clean: ## remove what make built; the user's data folder stays
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
