PYTHON ?= python3

# dvc.yaml says `python`: inside make that is the environment's.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help repro test test-slow check validate rebuild rebuild-elsewhere rebuild-debian bench lock clean

help:  ## List these targets
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile | awk -F': +' '{ printf "make %-17s %s\n", $$1, $$2 }'

repro: .venv/runtime  ## Build what is stale, show the results
	@python -m digits setup
	dvc repro
	@python -m digits summary

test: check  ## Run make check and the tests
	pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test-slow: .venv/test  ## Run the tests that take long: faults, documents, whole rebuilds
	pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder -m slow

check: .venv/test  ## Check formatting, style, types and which package imports which
	ruff format --check
	ruff check
	mypy
	lint-imports --no-cache

validate: .venv/runtime  ## Say whether this is fit to be merged (rebuilds everything)
	@python -m digits validate

rebuild: .venv/runtime  ## Run every stage again, compare with the committed bytes
	python -m digits rebuild

rebuild-elsewhere: .venv/test  ## The same under qemu on other processors, on small data
	pytest --verbose -m "slow or elsewhere" tests/test_elsewhere.py

rebuild-debian:  ## The same under Debian 13, on all data (needs root)
	.ci/debian

bench: .venv/runtime .venv-bench/bench  ## Measure speed and memory against peers (45 minutes)
	dvc repro --quiet
	.venv-bench/bin/python -m benchmarks

lock: .venv/test  ## Pin the newest dependencies that pyproject.toml allows
	.ci/lock

clean:  ## Remove the environment, tool caches and outputs (DVC's cache stays)
	rm -rf .venv .venv-bench .training .mypy_cache .pytest_cache .ruff_cache build *.egg-info dvc_plots
	rm -rf data/raw/*.* data/processed/*/ models/*.keras metrics/predictions metrics/confusion report/*.*
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv-bench/bench: requirements/bench.txt requirements/bench-torch.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python .ci/install.py --require-hashes --requirement requirements/bench.txt
	.venv-bench/bin/python .ci/install.py --require-hashes --no-deps --requirement requirements/bench-torch.txt || echo "PyTorch's CPU build is not to be had here: its two peers are left out" >&2
	@touch $@

# The stamps are written last: an installation that was cut short is begun again.
.venv/runtime .venv/test: .venv/%: requirements/%.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("error: expected Python 3.11 to 3.13, for which TensorFlow is published; got %d.%d. Name another one: make PYTHON=python3.12 ..." % v)'
	@git rev-parse --git-dir >/dev/null || { echo "error: git finds no repository here; it said why. If there is none, clone the project, or in an unpacked archive: git init && git add --all && git commit --message start" >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "error: $(PYTHON) cannot make virtual environments (on Debian: apt install python3-venv)" >&2; exit 1; }
	.venv/bin/python .ci/install.py --require-hashes --requirement $<
	.venv/bin/python .ci/install.py --no-deps --no-build-isolation --editable .
	@touch $@
