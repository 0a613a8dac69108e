# The tasks of this repository; `make help` lists them. Everything they make lies in .venv, build and
# demo-output, and everything they do twice is quick the second time.

PYTHON ?= python3
VENV ?= .venv
CI ?=

MAKEFLAGS += --no-print-directory --no-builtin-rules
export VIRTUAL_ENV := $(abspath $(VENV))
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME

bin := $(VENV)/bin
pip := $(bin)/python -m pip install --quiet
step = @printf '\n==> %s\n'
cmake_configure = cmake -DPython_EXECUTABLE="$(VIRTUAL_ENV)/bin/python" --preset
package_sources := pyproject.toml README.md CMakeLists.txt \
  $(shell find cpp python -name __pycache__ -prune -o \( -type f -o -type d \) -print 2>/dev/null)
cpp_files = find cpp python/bindings tests/cpp benchmarks/cpp -name '*.cpp' -o -name '*.hpp'

# Prints the requirements of one list in pyproject.toml, for pip.
define print_requirements
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
lists = {"build": project["build-system"]["requires"], **project["project"]["optional-dependencies"]}
print(*(line for name in sys.argv[1:] for line in lists[name]), sep="\n")
endef
export print_requirements
requirements = $(bin)/python -c "$$print_requirements"

# Says whether the things in its arguments are there, and otherwise installs their Debian packages, or
# says how. Arguments: python, gtest, benchmark, chromium.
define ensure_system
set -eu
packages=
if command -v $(PYTHON) >/dev/null; then
  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V); try: make PYTHON=python3.12" >&2
    exit 1
  }
  $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || packages="$$packages python3-venv"
  $(PYTHON) -c 'import os, sys, sysconfig as s
sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' || packages="$$packages python3-dev"
else
  packages="$$packages python3 python3-venv python3-dev"
fi
has_header() { echo "#include <$$1>" | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1; }
command -v c++ >/dev/null || packages="$$packages g++"
for thing in "$$@"; do
  case $$thing in
    gtest) has_header gmock/gmock.h && has_header gtest/gtest.h || packages="$$packages libgtest-dev libgmock-dev" ;;
    benchmark) has_header benchmark/benchmark.h || packages="$$packages libbenchmark-dev" ;;
    chromium) command -v chromium >/dev/null || packages="$$packages chromium fonts-noto-cjk" ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || packages="$$packages postgresql" ;;
  esac
done
# PyPI has TBB for x86-64 only.
test "$$(uname -m)" = x86_64 || has_header tbb/task_arena.h || packages="$$packages libtbb-dev"
test -n "$$packages" || exit 0
install="apt-get install -y --no-install-recommends$$packages"
if ! command -v apt-get >/dev/null; then
  echo "Missing; the packages are called like this in Debian:$$packages" >&2
  exit 1
elif test "$$(id -u)" = 0; then
  sudo=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  sudo="sudo -n"
else
  printf 'Missing system packages. Please run:\n  sudo %s\n' "$$install" >&2
  exit 1
fi
printf '\n==> %s\n' "$$install"
$$sudo apt-get update -qq
$$sudo env DEBIAN_FRONTEND=noninteractive $$install >/dev/null
endef
export ensure_system

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r target text; do \
	  printf '  make %-8s %s\n' "$$target" "$$text"; done

.PHONY: demo
demo: build ## Install into .venv and run the demonstration; its files go to demo-output
	$(step) 'enteroscan demo --into demo-output'
	@rm -rf demo-output
	@$(bin)/enteroscan demo --into demo-output

.PHONY: test
test: .system-for-tests $(if $(CI),lint) build $(VENV)/.test-tools ## Run every test: C++, Python, notebooks (and lint when CI is set)
	$(step) 'C++ tests'
	@$(cmake_configure) release --log-level=WARNING
	@cmake --build --preset release
	@ctest --preset release --output-junit junit.xml
	$(step) 'Python tests'
	@$(bin)/python -m pytest --numprocesses=auto --dist=loadfile tests/python
	$(step) 'Notebooks'
	@$(bin)/python -m pytest --nbmake --nbmake-timeout=300 -o timeout=600 notebooks

.PHONY: lint
lint: check tidy ## Check style and types: ruff, mypy, clang-format, clang-tidy

.PHONY: check
check: build $(VENV)/.test-tools $(VENV)/.lint-tools ## The quick part of lint: ruff, mypy, clang-format
	$(step) 'ruff, mypy, clang-format'
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(cpp_files) | xargs $(bin)/clang-format --dry-run --Werror

.PHONY: tidy
tidy: $(VENV)/.build-tools $(VENV)/.lint-tools ## The slow part of lint: clang-tidy on what changed
	$(step) 'clang-tidy'
	@$(cmake_configure) lint --log-level=WARNING
	@cmake --build --preset lint -- -k 0

.PHONY: format
format: $(VENV)/.lint-tools ## Put all files into the project's style
	$(step) 'ruff, clang-format'
	@$(bin)/ruff check --fix-only --quiet .
	@$(bin)/ruff format .
	@$(cpp_files) | xargs $(bin)/clang-format -i

.PHONY: build
build: $(VENV)/.installed ## Compile, and install the package into .venv

.PHONY: bench
bench: .system-for-benchmarks $(VENV)/.build-tools ## Run the C++ benchmarks; the numbers go to build/bench/results.json
	$(step) 'C++ benchmarks'
	@$(cmake_configure) bench --log-level=WARNING
	@cmake --build --preset bench
	@build/bench/benchmarks/enteroscan_bench --benchmark_out=build/bench/results.json

.PHONY: clean
clean: ## Remove everything that make has made
	rm -rf $(VENV) build demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find python tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.PHONY: .system-for-tests .system-for-benchmarks
.system-for-tests:
	@sh -c "$$ensure_system" - gtest chromium postgresql
.system-for-benchmarks:
	@sh -c "$$ensure_system" - benchmark

$(VENV)/.created:
	@sh -c "$$ensure_system" -
	$(step) 'Virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The build requirements stay in .venv, and the package is built without pip's isolation: paths that do
# not change let the compiler's work of the last time be kept.
$(VENV)/.build-tools: $(VENV)/.created pyproject.toml
	$(step) 'Build requirements'
	@$(requirements) build > $(VENV)/build-requirements.txt
	@$(pip) -r $(VENV)/build-requirements.txt 'cmake>=3.24' ninja
	@touch $@

$(VENV)/.installed: $(VENV)/.build-tools $(package_sources)
	$(step) 'Compile and install enteroscan (the first time takes minutes)'
	@$(pip) --no-build-isolation .
	@touch $@

$(VENV)/.test-tools: $(VENV)/.created pyproject.toml
	$(step) 'Test requirements'
	@$(requirements) test geo > $(VENV)/test-requirements.txt
	@$(pip) -r $(VENV)/test-requirements.txt
	@touch $@

$(VENV)/.lint-tools: $(VENV)/.created pyproject.toml
	$(step) 'Lint requirements'
	@$(requirements) dev > $(VENV)/lint-requirements.txt
	@$(pip) -r $(VENV)/lint-requirements.txt
	@touch $@
