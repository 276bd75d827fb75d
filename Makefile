# make demo   the main job            make test       everything of the core: a few minutes
# make docs   the documentation       make test-all   every integration on top of that
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test test-all lint types floors frameworks tensorflow tests_of_tensorflow clusters bench soak trust diagnose fuzz docs \
	pictures matrix audit coverage covered_tensorflow mutants clean

$(VENV)/.%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[$(subst +,$(comma),$*)]'
	touch $@
comma := ,

demo: $(VENV)/.demo
	$(BIN)/gradproof demo

test: lint types floors
	$(BIN)/python -m pytest -n 2 -m "not integration"

test-all: $(VENV)/.test+docs $(VENV)/.bench $(VENV)/.clusters
	$(BIN)/python -m pytest -n 2 --dist loadfile -m integration
	$(MAKE) frameworks
	$(MAKE) --jobs 2 tensorflow clusters
	$(MAKE) --jobs 2 trust diagnose docs
	$(MAKE) bench BENCH=--quick

frameworks: $(VENV)/.bench
	$(BIN)/python -m pytest -n 2 tests_of_frameworks

# Whose pins are not to touch the other environment.
tensorflow:
	$(MAKE) VENV=.venv-tensorflow tests_of_tensorflow

tests_of_tensorflow: $(VENV)/.test+tensorflow
	$(BIN)/python -m pytest -n 2 tests_of_tensorflow

# Branches that no test runs, of all tests and environments together.
coverage: $(VENV)/.bench
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 -m "not integration"
	$(BIN)/coverage run -m pytest -n 2 tests_of_frameworks
	$(MAKE) VENV=.venv-tensorflow covered_tensorflow
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

covered_tensorflow: $(VENV)/.test+tensorflow
	$(BIN)/coverage run -m pytest -n 2 tests_of_tensorflow

# Changes on purpose that no test notices; all take hours, SAMPLE=300 half of one.
mutants: $(VENV)/.mutants
	$(BIN)/python tools/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

clusters: $(VENV)/.clusters
	$(BIN)/python -m pytest tests_of_clusters

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

floors: $(VENV)/.test
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python -m benchmarks.speed --targets $(BENCH)
	$(BIN)/python benchmarks/certify.py --largest 1e6 --draws 10000
	$(BIN)/python -m benchmarks.scale --quick
	$(BIN)/python benchmarks/locate.py --seeds 3 --wrong 1 3 10
	$(BIN)/python benchmarks/sparse.py --quick --targets
	$(BIN)/python -m benchmarks.scale.simulation --quick
	$(BIN)/python -m benchmarks.soak --quick --targets

# A hundred thousand random checks in one process: the better part of an hour of one quiet core.
soak: $(VENV)/.bench
	$(BIN)/python -m benchmarks.soak --targets

trust: $(VENV)/.bench
	$(BIN)/python -m benchmarks.trust --split validation --subset 150 --targets
	$(BIN)/python -m benchmarks.trust.wild
	$(BIN)/python -m benchmarks.estimators --quick

diagnose: $(VENV)/.bench
	$(BIN)/python -m benchmarks.diagnose --family 'JAX*'
	$(BIN)/python -m benchmarks.diagnose.published
	$(BIN)/python -m benchmarks.backward
	$(BIN)/python benchmarks/fast_mode.py

# Malformed calls and files by the thousand: not a part of any other target.
fuzz: $(VENV)/.test
	CI= GRADPROOF_MORE_EXAMPLES=50 $(BIN)/python -m pytest --timeout 3600 tests/bad_input/test_generated.py

docs: $(VENV)/.test+docs
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Every interpreter that is found, with the oldest and the newest of what is needed; tens of minutes.
matrix: $(VENV)/.release
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tools/matrix.py $(MATRIX)

# Known vulnerabilities of what is needed; asks a database on the network.
audit: $(VENV)/.release
	$(BIN)/pip-audit --strict .

pictures: $(VENV)/.test
	$(BIN)/python tools/pictures.py

clean:
	rm -rf $(VENV) .venv-tensorflow build dist docs/_build docs/gallery docs/reference/generated \
		docs/reference/causes .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage* mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
