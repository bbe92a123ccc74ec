# make demo runs the lessons, make test the tests; each sets .venv up first, once.

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DEMO_STAMP := $(VENV)/.demo-installed

.PHONY: demo test test-quick fuzz lint bench bench-against wheel test-oldest test-latest clean

demo: $(DEMO_STAMP)
	$(PYTHON) -m demos

test: $(STAMP)
	$(PYTHON) -m pytest -n auto

# The heart of the suite, in under a minute; of the random programs, a few.
test-quick: $(STAMP)
	$(PYTHON) -m pytest -n auto -q -k 'test_quick or not test_random_programs' \
		tests/autodiff tests/nn tests/test_architecture.py

# Random programs, until it is stopped.
fuzz: $(STAMP)
	$(PYTHON) -m tests.autodiff.programs

lint: $(STAMP)
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy

bench: $(STAMP)
	$(PYTHON) -m tests.benchmarks
	$(PYTHON) -m tests.benchmarks.planning
	$(PYTHON) -m tests.benchmarks.minimisers
	$(PYTHON) -m tests.benchmarks.fits
	$(PYTHON) -m tests.benchmarks.training
	$(PYTHON) -m tests.benchmarks.sharding
	$(PYTHON) -m tests.benchmarks.cluster --kill

# The working tree beside a commit: make bench-against REF=main NAMES="chain moons"
bench-against: $(STAMP)
	$(PYTHON) -m tests.benchmarks.against '$(REF)' $(NAMES)

wheel: $(STAMP)
	$(PYTHON) -m build --no-isolation --wheel

# The oldest versions that pyproject.toml allows, in an environment of their own, without Dask,
# which two examples need.
test-oldest:
	rm -rf .venv-oldest
	python3 -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --requirement .ci/oldest.txt
	.venv-oldest/bin/python -m pytest -n auto -q -k 'test_quick or not test_random_programs' \
		--deselect optim/chunks/_chunks.py::optim.chunks._chunks.Chunks \
		--deselect optim/squares/_least_squares.py::optim.squares._least_squares.least_squares

# The newest versions of everything, in an environment of their own.
test-latest:
	rm -rf .venv-latest
	python3 -m venv .venv-latest
	.venv-latest/bin/python -m pip install --quiet --upgrade --editable '.[dev]'
	.venv-latest/bin/python -m pytest -n auto

clean:
	rm -rf $(VENV) .venv-oldest .venv-latest gallery dist

$(STAMP): pyproject.toml .ci/requirements.txt
	@echo "setting $(VENV) up with what the tests and the lessons need ..."
	@$(call install,--requirement .ci/requirements.txt)
	@touch $(STAMP) $(DEMO_STAMP)

# Only what the lessons need, in the versions that the tests have.
$(DEMO_STAMP): pyproject.toml .ci/requirements.txt
	@echo "setting $(VENV) up with what the lessons need, in a minute or so ..."
	@$(call install,--constraint .ci/requirements.txt hatchling editables '.[demos]')
	@touch $(DEMO_STAMP)

# With uv, where it is installed, or pip.
define install
	if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing $(VENV) && \
		uv pip install --quiet --python $(PYTHON) $(1) && \
		uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable . ; \
	else \
		python3 -m venv $(VENV) && \
		$(PYTHON) -m pip install --quiet $(1) && \
		$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable . ; \
	fi
endef
