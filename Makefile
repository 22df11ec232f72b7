# Huitou 回头. `make` alone shows what there is.
.DEFAULT_GOAL := help
.PHONY: help demo test check mutants campaigns bench wheel clean
HUITOU := .venv/bin/huitou

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## Set up, run the example follow-up end to end, serve the console
	@sh scripts/venv run
	@$(HUITOU) demo

test:  ## Set up what the tests need and run all of them
	@sh scripts/venv test
	@sh scripts/test-setup
	@.venv/bin/python -m pytest -n 2 --dist worksteal -rfER

check:  ## Floors, style, types, migrations
	@sh scripts/venv test
	@.venv/bin/ruff check src tests
	@.venv/bin/ruff format --check src tests
	@.venv/bin/lint-imports
	@.venv/bin/mypy
	@.venv/bin/python -m pytest tests/stores/test_migrations.py

mutants:  ## Make the mistakes that tests must notice, one after the other (about a quarter of an hour)
	@sh scripts/venv test
	@.venv/bin/python -m tests.mutants

campaigns:  ## The long campaigns: kills, races, crashes (about an hour)
	@sh scripts/venv test
	@.venv/bin/python -m pytest -m long --timeout 7200
	@HUITOU_EXAMPLES=20 .venv/bin/python -m pytest tests/customers/test_fold.py --timeout 7200

bench:  ## Print every figure beside its floor
	@sh scripts/venv run
	@$(HUITOU) bench all

wheel:  ## Build dist/*.whl
	@sh scripts/venv test
	@.venv/bin/python -m pip wheel --quiet --no-deps -w dist .

clean:  ## Remove what make made; data folders stay
	rm -rf .venv .venv.old.* dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
