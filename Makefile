# Two commands are enough: `make demo` and `make test`. Each sets up what it needs inside the checkout.
# PYTHON=python3.12 chooses another Python; ARGS="..." is passed on to the command behind the target.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup demo stack test check mutants lock clean

help: ## Visar denna lista | Shows this list
	@printf 'make ...\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\) | \(.*\)$$/  \1|\2|\3/p' Makefile | while IFS='|' read -r name swedish english; do \
		printf '%-9s %s\n            %s\n' "$$name" "$$swedish" "$$english"; done

setup: $(STAMP) ## Installerar allt i .venv | Installs everything into .venv

$(STAMP): requirements.lock
	@if ! command -v '$(PYTHON)' >/dev/null 2>&1; then \
		echo '$(PYTHON) finns inte. Installera Python 3.11 eller nyare, eller kör: make PYTHON=python3.12' >&2; \
		echo '$(PYTHON) is not there. Install Python 3.11 or newer, or run: make PYTHON=python3.12' >&2; \
		exit 1; fi
	@if ! '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "Utväg behöver Python 3.11 eller nyare, $(PYTHON) är $$('$(PYTHON)' -V). Kör t.ex.: make PYTHON=python3.12" >&2; \
		echo "Utväg needs Python 3.11 or newer, $(PYTHON) is $$('$(PYTHON)' -V). Run for example: make PYTHON=python3.12" >&2; \
		exit 1; fi
	@if ! '$(BIN)/python' -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		echo 'Skapar den virtuella miljön $(VENV) ... / Creating the virtual environment $(VENV) ...'; \
		'$(PYTHON)' -m venv --clear $(VENV) >/dev/null 2>&1 \
		|| '$(PYTHON)' -m venv --clear --without-pip $(VENV) \
		|| { echo 'Den virtuella miljön gick inte att skapa. Pythons modul venv saknas (Debian: paketet python3-venv).' >&2; \
		     echo "The virtual environment could not be created. Python's venv module is missing (Debian: package python3-venv)." >&2; \
		     exit 1; }; fi
	@echo 'Installerar låsta beroenden, första gången någon minut ... / Installing locked dependencies, a minute the first time ...'
	@if '$(BIN)/python' -m pip --version >/dev/null 2>&1; then \
		'$(BIN)/python' -m pip install --require-hashes -r requirements.lock; \
	elif '$(PYTHON)' -m pip --version >/dev/null 2>&1; then \
		'$(PYTHON)' -m pip --python '$(BIN)/python' install --require-hashes -r requirements.lock; \
	else \
		pip --python '$(BIN)/python' install --require-hashes -r requirements.lock; fi
	@touch $(STAMP)
	@echo 'Klart. / Ready.'

demo: setup ## Spelar upp exempelfallen, med en levande tabell | Plays the example cases, with a live table
	@$(BIN)/python starter.py demo $(ARGS)

stack: setup ## Startar hela systemet på den här datorn | Starts the whole system on this computer
	@$(BIN)/python worker.py --all $(ARGS)

test: setup ## Kör alla prov | Runs all tests
	@$(BIN)/python -m pytest $(ARGS)

check: setup ## Granskar stil, typer och importriktning | Checks style, types and import direction
	@echo 'Form och stil ... / Format and style ...'
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@echo 'Typer ... / Types ...'
	@$(BIN)/mypy
	@echo 'Importriktning ... / Import direction ...'
	@$(BIN)/lint-imports

mutants: setup ## Prövar om proven märker små fel i reglerna, 20 minuter | Checks that the tests notice small faults in the rules, 20 minutes
	@echo 'Lägger in ett litet fel i taget i rules/; proven ska märka det ... / One small fault at a time in rules/; the tests must notice ...'
	@rm -rf mutants
	@nice $(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results --all true | awk -F '[ .:]+' '/__mutmut_/ && $$5 != "not" { all[$$3]++; found[$$3] += ($$5 == "killed" || $$5 == "timeout") } \
		END { for (file in all) { printf "%-12s %5d / %5d  %5.1f %%\n", file, found[file], all[file], 100 * found[file] / all[file]; \
			low += (found[file] < 0.85 * all[file]); total += all[file]; of += found[file] } \
		printf "%-12s %5d / %5d  %5.1f %%\n", "rules/", of, total, 100 * of / total; exit low || of < 0.9 * total }'

lock: setup ## Räknar om requirements.lock ur pyproject.toml | Recomputes requirements.lock from pyproject.toml
	@echo 'Låser beroendena ... / Locking the dependencies ...'
	@if '$(BIN)/python' -m pip --version >/dev/null 2>&1; then \
		'$(BIN)/python' -m pip install --quiet --upgrade --target $(VENV)/lock '$(UV)'; \
	else \
		pip --python '$(BIN)/python' install --quiet --upgrade --target $(VENV)/lock '$(UV)'; fi
	@$(VENV)/lock/bin/uv pip compile pyproject.toml --group pyproject.toml:dev --universal --python-version 3.11 \
		--generate-hashes --custom-compile-command 'make lock' --quiet --output-file requirements.lock $(ARGS)

clean: ## Tar bort .venv och mellanlager, men aldrig var/ | Removes .venv and caches, but never var/
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
