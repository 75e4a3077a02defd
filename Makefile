# The commands of PAL for Rasa; `make help` lists them.
#
# Two environments live side by side: rasa_bot/.venv (Rasa 3.6 needs Python 3.10 and old pins) and
# .venv (the action server, the models and the training need newer ones). Both are locked.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PAL_HOME ?= $(CURDIR)/.pal
export PAL_HOME

UV_VERSION := 0.13.9
UV := .uv/bin/uv
PYTHON := .venv/bin/python
RASA_PYTHON := rasa_bot/.venv/bin/python
TORCH := $(shell sed -n 's/^ *"torch==\([^"]*\)".*/\1/p' pyproject.toml)
export UV_COMPILE_BYTECODE := 1
# uv knows a local folder of wheels by another name than pip.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)

.PHONY: help install chat serve test unit check bench bench-crisis bench-memory bench-safety bench-train replay format clean

help:  ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

# --- Installing ----------------------------------------------------------------------------------

install: .venv/installed rasa_bot/.venv/installed $(PAL_HOME)/models/prepared  ## Install everything, and nothing twice

# $(call find_python,VERSION ...): print the first of these versions that runs on this machine. Tried
# are PATH, pyenv (which uv does not see) and what uv finds or can fetch.
define find_python
for version in $(1); do \
  for candidate in "$$(command -v python$$version)" \
      $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version".*/bin/python 2>/dev/null) \
      "$$($(UV) python find "$$version" 2>/dev/null)"; do \
    if [ -n "$$candidate" ] && found=$$("$$candidate" -c 'import sys, venv; print(sys.executable if "%d.%d" % sys.version_info[:2] == "'$$version'" else "")' 2>/dev/null) && [ -n "$$found" ]; then \
      echo "$$found"; exit 0; \
    fi; \
  done; \
done; \
for version in $(1); do \
  $(UV) python install --quiet "$$version" 2>/dev/null && $(UV) python find "$$version" && exit 0; \
done; exit 1
endef

$(UV):
	@echo "==> Getting uv $(UV_VERSION), the installer"
	@if command -v uv >/dev/null && [ "$$(uv --version | cut -d' ' -f2)" = "$(UV_VERSION)" ]; then \
	  mkdir -p .uv/bin && ln -sf "$$(command -v uv)" $(UV); \
	else \
	  python3 -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || { \
	    rm -rf .uv; \
	    echo "Could not install uv. Needed is a Python 3 with venv and pip: on Debian or Ubuntu" >&2; \
	    echo "'apt install python3 python3-venv', on macOS 'brew install python'." >&2; exit 1; }; \
	fi

.venv/installed: pyproject.toml uv.lock | $(UV)
	@echo "==> Installing the action server and the models' environment (.venv)"
	@python=$$($(call find_python,3.11 3.12 3.13)) || { \
	  echo "No Python 3.11, 3.12 or 3.13 found. Install one: 'apt install python3.11 python3.11-venv'," >&2; \
	  echo "'brew install python@3.11' or 'pyenv install 3.11', and run this again." >&2; exit 1; }; \
	echo "    with $$python"; \
	[ -x $(PYTHON) ] || $(UV) venv --quiet --python "$$python" .venv
	@$(install_torch)
	@touch $@

# PyPI's torch for Linux brings several gigabytes of CUDA. Without a GPU a CPU wheel is taken where
# one can be had: from a local folder of wheels, or from PyTorch's own index.
define install_torch
cuda="$$(sed -n 's/^name = "\(triton\|nvidia-.*\|cuda-.*\)"$$/--no-install-package \1/p' uv.lock)"; \
if [ "$$(uname -s)" != Linux ]; then \
  $(UV) sync --frozen; \
elif nvidia-smi -L >/dev/null 2>&1; then \
  echo "    a GPU is here: torch comes with CUDA"; $(UV) sync --frozen; \
else \
  $(UV) sync --frozen --inexact --no-install-package torch $$cuda && \
  { { [ -n "$$UV_FIND_LINKS" ] && $(UV) pip install --no-deps --no-index "torch==$(TORCH)"; } \
    || { echo "    fetching torch for the CPU"; \
         env -u UV_FIND_LINKS $(UV) pip install --no-deps --torch-backend=cpu "torch==$(TORCH)"; } \
    || { echo "    no CPU wheel of torch can be had here: taking the CUDA build (several GB)"; \
         $(UV) sync --frozen; }; }; \
fi
endef

rasa_bot/.venv/installed: rasa_bot/pyproject.toml rasa_bot/uv.lock | $(UV)
	@echo "==> Installing Rasa's environment (rasa_bot/.venv)"
	@python=$$($(call find_python,3.10)) || { \
	  echo "No Python 3.10 found, and Rasa 3.6 runs on no newer one. Install it beside yours:" >&2; \
	  echo "'pyenv install 3.10', 'brew install python@3.10', or on Ubuntu 'apt install python3.10" >&2; \
	  echo "python3.10-venv' (newer releases: from the deadsnakes PPA). Then run this again." >&2; exit 1; }; \
	echo "    with $$python"; \
	$(UV) sync --frozen --project rasa_bot --python "$$python"
	@touch $@

# Converted once: reading the 4-bit file takes a minute, the result loads in a second.
$(PAL_HOME)/models/prepared: .venv/installed
	@echo "==> Preparing the language model ($(PAL_HOME)/models)"
	@$(PYTHON) -m pal_model prepare
	@touch $@

# One test looks at a report as people do; without a browser it is skipped, and says so.
.venv/browser: .venv/installed
	@for name in chromium chromium-browser google-chrome; do \
	  if command -v $$name >/dev/null; then touch $@; exit 0; fi; \
	done; \
	echo "==> Getting a browser for the tests"; \
	if { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1; } \
	    || $(PYTHON) -m playwright install chromium >/dev/null 2>&1; then \
	  touch $@; \
	else \
	  echo "    none can be had here: the test that needs one is skipped"; \
	fi

# --- Talking -------------------------------------------------------------------------------------

chat: install  ## Talk to PAL here, in Rasa's shell (/stop leaves)
	@$(RASA_PYTHON) rasa_bot/launch.py chat

serve: install  ## Serve REST on RASA_PORT (5005); one Ctrl-C stops everything
	@$(RASA_PYTHON) rasa_bot/launch.py serve

# --- Keeping it good -----------------------------------------------------------------------------

test: install .venv/browser  ## Run all tests
	$(PYTHON) -m pytest
	$(RASA_PYTHON) -m pytest -q -c tests/rasa_bot/pytest.ini tests/rasa_bot

# A thread for each of the processes: more of them would wait for one another.
unit: install  ## Run the fast tests on all cores: they train, load and start nothing
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -m "not integration" -n auto

check: install  ## Style, types, import rules, Rasa's own validation
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 SQLALCHEMY_SILENCE_UBER_WARNING=1 \
	  rasa_bot/.venv/bin/rasa data validate --fail-on-warnings -c rasa_bot/config.yml \
	  -d rasa_bot/domain --data rasa_bot/data

format: .venv/installed  ## Put the sources into the project's style
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

bench-train: install  ## Measure: fine-tuning against a plain loop
	$(PYTHON) -m tests.benchmarks.bench_train

bench-memory: install  ## Measure: what is remembered, and how long that takes
	$(PYTHON) -m tests.benchmarks.bench_memory

bench-safety: install  ## Measure: how well danger is heard
	$(PYTHON) -m tests.benchmarks.bench_safety

bench-crisis: install  ## Play adversarial conversations over REST: no generated text in danger
	$(PYTHON) -m tests.benchmarks.bench_crisis

bench: install  ## Measure: guided decoding against plain ways to do it, and whole turns over REST
	$(PYTHON) -m tests.benchmarks.bench_decoding
	$(PYTHON) -m tests.benchmarks.bench_engine
	$(PYTHON) -m tests.benchmarks.bench_turn

replay: install  ## Send seekers' turns of ESConv to a running `make serve` (options: ARGS="...")
	$(PYTHON) -m training.replay $(ARGS)

clean:  ## Remove what was installed and built; conversations in PAL_HOME stay
	rm -rf .venv .uv rasa_bot/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache rasa_bot/.rasa bench-results "$(PAL_HOME)/models" "$(PAL_HOME)/rasa"
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
