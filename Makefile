# Two commands matter: `make serve` opens the app, `make test` runs every check.
# Each sets up .venv by itself the first time.
.DEFAULT_GOAL := help
BIN := .venv/bin
export HEMAVISION_DATA ?= ../shared/data

# A stamp is newer than what it was installed from; a plain `make serve` needs only the first.
SERVE_READY := .venv/.installed
TEST_READY := .venv/.installed-test
LONG_READY := .venv/.installed-long
SLIDES_READY := .wsidicomizer/.installed
BENCH_READY := .venv/.installed-bench

.PHONY: help serve test test-long checks lint format types layers unit unit-long mutants fuzz bench compat lowest docs \
	words figures licences audit release screenshot size clean

help:
	@echo "make serve   open the app in the browser (sets up on first use)"
	@echo "make test    lint, types, layers and the fast tests (sets up on first use)"
	@echo "make test-long   the same with every test: what is repeated, large or slow, too"
	@echo "make lint    lint and formatting alone"
	@echo "make mutants say how many small faults the fast tests catch"
	@echo "make fuzz    throw 102,000 mutated files at every door"
	@echo "make bench   time one pass against the usual ways, the server, and a review"
	@echo "make compat  convert between six versions of Keras, each in its own environment"
	@echo "make lowest  run the fast tests with the oldest releases of what is needed"
	@echo "make docs    write the generated pages of docs/ and README's figures"
	@echo "make words   gather the words of pages and reports into every language's catalogue"
	@echo "make audit   ask whether a pinned package has a known vulnerability"
	@echo "make release build the wheel and its SBOM into dist/, twice, and compare"
	@echo "make size    print what a plain install downloads"
	@echo "make clean   remove .venv and every cache"

$(SERVE_READY): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh convert
	@touch $@

$(TEST_READY): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh train,test
	@touch $@ $(SERVE_READY)

# Only long tests start Ray, which takes 300 MB with what it needs.
$(LONG_READY): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh train,test,cluster
	@touch $@ $(TEST_READY) $(SERVE_READY)

# What long tests write DICOM slides with: its releases want an older wsidicom than the one that reads.
$(SLIDES_READY): tests/wsidicomizer.txt $(TEST_READY)
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

$(BENCH_READY): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh train,bench,cluster
	@touch $@ $(SERVE_READY)

serve: $(SERVE_READY)
	@$(BIN)/hemavision serve

# Times itself: see CONTRIBUTING.md for what it may take. The checks, one process, run beside the tests.
test: $(TEST_READY)
	@bash -c 'TIMEFORMAT="make test: %R s, and %U s + %S s of processor time"; \
		time $(MAKE) --no-print-directory --jobs=2 checks unit'

test-long: checks unit-long

checks: lint types layers

lint: $(TEST_READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(TEST_READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(TEST_READY)
	$(BIN)/mypy

layers: $(TEST_READY)
	$(BIN)/lint-imports

# A worker a core; tests that need the same costly thing keep to one worker (tests/conftest.py).
unit: $(TEST_READY)
	$(BIN)/pytest --numprocesses 2 --dist loadgroup -m "not long"

unit-long: $(LONG_READY) $(SLIDES_READY)
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

mutants: $(TEST_READY)
	@$(BIN)/pip install -qq --disable-pip-version-check --constraint constraints.txt --editable .[mutants]
	$(BIN)/python scripts/mutants.py

fuzz: $(TEST_READY)
	@$(BIN)/pip install -qq --disable-pip-version-check --constraint constraints.txt --editable .[fuzz]
	$(BIN)/python scripts/fuzz.py

bench: $(BENCH_READY)
	$(BIN)/python benchmarks/one_pass.py --json docs/results/one_pass.json
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/two_networks.py
	$(BIN)/python benchmarks/fields.py
	$(BIN)/python benchmarks/live.py
	$(BIN)/python benchmarks/workbench.py
	$(BIN)/python benchmarks/review.py --json docs/results/review.json
	$(BIN)/python benchmarks/batch.py
	$(BIN)/python benchmarks/cluster.py
	$(BIN)/python benchmarks/load.py --steady 20000 --json docs/results/load.json
	$(BIN)/python scripts/readme_figures.py

# An environment of its own with the oldest releases that pyproject.toml allows.
lowest: $(TEST_READY)
	scripts/lowest.sh

compat: $(TEST_READY)
	$(BIN)/python scripts/compat/matrix.py

docs: $(TEST_READY) figures licences
	$(BIN)/python scripts/generate_docs.py

# LANGUAGE=fr begins one.
words: $(TEST_READY)
	$(BIN)/python scripts/words.py $(LANGUAGE)

figures: $(TEST_READY)
	$(BIN)/python scripts/readme_figures.py

licences: $(TEST_READY)
	$(BIN)/python scripts/licences.py

audit: $(TEST_READY)
	$(BIN)/python scripts/audit.py

release: $(TEST_READY)
	$(BIN)/python scripts/release.py

screenshot: $(TEST_READY)
	$(BIN)/python scripts/screenshot.py all

size: $(SERVE_READY)
	@$(BIN)/python scripts/install_size.py

clean:
	rm -rf .venv .compat .lowest .wsidicomizer build dist src/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
