# The menu. Needs Python >= 3.11, git and make; everything else is put into .venv, once, from the lock files.

PYTHON ?= python3
BASE_IMAGE ?=
CASES ?= 5000
FIRST ?= 0
IMAGE ?= rocky-preview:local
UV_VERSION := 0.13.8
DRIVERS := --extra bigquery --extra databricks --extra snowflake
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:
WAREHOUSE_TESTS := $(BIN)/coverage run -m pytest --durations=10 -m "warehouse and not slow" -rsx tests/conformance tests/warehouses
WORKFLOWS := $(wildcard .github/workflows/*.yml .github/workflow-examples/*.yml)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-live test-container nightly check audit sbom bench image warehouses golden lock clean

help: ## this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.runtime ## an example pull request, from git to the comment, in a temporary folder
	@$(BIN)/python -m rocky_action demo

test: .venv/.dev warehouses ## every test, with branch coverage, then the container test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist worksteal --durations=15 -m "not container and not warehouse and not slow"
	@mkdir -p build; $(WAREHOUSE_TESTS) -k databricks >build/databricks.log 2>&1 & spark=$$!; code=0; \
	  $(WAREHOUSE_TESTS) -n 2 --dist loadfile -k "not databricks" || code=1; wait $$spark || code=1; cat build/databricks.log; exit $$code
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(MAKE) test-container

test-slow: .venv/.dev warehouses ## what takes minutes: huge inputs, and more comparisons on Apache Spark
	$(BIN)/python -m pytest -m slow -rsx

test-live: .venv/.dev ## the conformance suite on a real warehouse: WAREHOUSE=snowflake, and what its page says in the environment
	LIVE_WAREHOUSE=$(WAREHOUSE) REQUIRE_ALL=1 $(BIN)/python -m pytest -rsx tests/conformance

test-container: .venv/.dev ## the image, built and run as GitHub's runner does (skipped without an engine)
	$(BIN)/python -m pytest -m container -rs tests/end_to_end

nightly: .venv/.dev ## every property on more examples, then random pull requests against what was planned (CASES=5000 FIRST=0: the first seed)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n 2 -q -m "not slow" tests/property
	$(BIN)/python -m tests.support.random_projects --cases $(CASES) --first $(FIRST) --keep build/pruning

check: .venv/.dev ## formatting, lint, types, layers, and the workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml .github/ISSUE_TEMPLATE/wrong-result.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/actionlint $(WORKFLOWS)
	$(BIN)/zizmor --offline --no-progress --quiet action.yml $(WORKFLOWS) .github/dependabot.yml

audit: build/audit/.ready ## known holes in the locked packages; asks PyPI, so it needs the network
	@for lock in requirements-warehouses.lock requirements-dev.lock requirements-audit.lock; do echo "== $$lock"; \
	  build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement "$$lock" || exit 1; done

sbom: ## what the image is made of, as build/sbom.cdx.json (DEBIAN=FILE: with what dpkg-query lists in it)
	@mkdir -p build; $(PYTHON) .github/bill_of_materials.py requirements-warehouses.lock $(DEBIAN) > build/sbom.cdx.json

bench: .venv/.dev ## the measurements of benchmarks/, each against its floor
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

image: ## the container image, for this machine's engine (BASE_IMAGE=... to build on another base)
	docker build --network host $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) -t $(IMAGE) .

warehouses: build/fakesnow/.ready build/spark/.ready ## what stands in for warehouses in tests: fakesnow, Spark and Delta Lake (Java 17, mvn)

build/fakesnow/.ready: requirements-fakesnow.lock
	@echo "Installing fakesnow into build/fakesnow (once)" >&2
	@rm -rf build/fakesnow && $(PYTHON) -m venv build/fakesnow
	@build/fakesnow/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all: \
	  -r requirements-fakesnow.lock
	@touch $@

# pyspark is published as source only, which needs no compiler. A machine without Java or Maven has no Spark, and the
# tests of Databricks say so, or fail where REQUIRE_ALL=1 asks for everything.
build/spark/.ready: requirements-spark.lock tests/support/spark/pom.xml
	@if command -v java >/dev/null && command -v mvn >/dev/null; then \
	  echo "Installing Apache Spark and Delta Lake into build/spark (once)" >&2 \
	  && rm -rf build/spark && $(PYTHON) -m venv build/spark \
	  && build/spark/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
	    -r requirements-spark.lock \
	  && mvn -q -B -f tests/support/spark/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
	    -DoutputDirectory=$(CURDIR)/build/spark/jars \
	  && touch $@; \
	else echo "NO JAVA OR NO MAVEN: Databricks will NOT be tested here" >&2; fi

build/audit/.ready: requirements-audit.lock
	@echo "Installing pip-audit into build/audit (once)" >&2
	@rm -rf build/audit && $(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all: \
	  -r requirements-audit.lock
	@touch $@

golden: .venv/.dev ## write the golden files anew; read the difference before you commit it
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -n 2 tests/golden tests/unit/test_rendering.py tests/unit/test_since_last_preview.py
	git diff --stat -- tests/golden

lock: ## the lock files from pyproject.toml (LOCK_ARGS=--upgrade for the newest versions)
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION)
	$(call compile,requirements.lock,pyproject.toml)
	$(call compile,requirements-warehouses.lock,pyproject.toml $(DRIVERS) --constraints requirements.lock)
	$(call compile,requirements-dev.lock,pyproject.toml $(DRIVERS) --extra dev --constraints requirements-warehouses.lock)
	$(call compile,requirements-fakesnow.lock,requirements-fakesnow.in)
	$(call compile,requirements-spark.lock,requirements-spark.in)
	$(call compile,requirements-audit.lock,requirements-audit.in)

# One file for every platform and Python >= 3.11; --fork-strategy fewest keeps one version of each package.
define compile
	UV_CUSTOM_COMPILE_COMMAND="make lock" build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links $(LOCK_ARGS) $(2) \
	  --output-file $(1)
endef

clean: ## remove what the other entries made
	rm -rf .venv build .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .rocky-preview

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say which one: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# One stamp for each lock file, so that a virtual environment is filled once and again when its lock changes.
# The development lock holds the runtime lock whole, so filling it counts for both. The .pth makes this checkout
# importable from any folder, without a build.
define fill
	@echo "Installing $(1) into .venv (once)" >&2
	@$(PIP) -r $(1)
	@echo '$(CURDIR)' > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rocky_preview.pth"
endef

.venv/.runtime: requirements.lock | .venv/bin/python
	$(call fill,requirements.lock)
	@touch $@

.venv/.dev: requirements-dev.lock requirements.lock | .venv/bin/python
	$(call fill,requirements-dev.lock)
	@touch .venv/.runtime $@
