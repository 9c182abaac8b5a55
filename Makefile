# Bare `make` lists what it can do.
PYTHON ?= python3
BIN := .venv/bin
COMPILER = $(shell $(PYTHON) -c "import shutil, sysconfig as s; print(shutil.which(s.get_config_var('CC').split()[0]) or '')")
unexport PYTHONDONTWRITEBYTECODE  # else each process that a test starts compiles all modules anew
LOCK := uv pip compile -q --generate-hashes --python-version 3.11 \
  --custom-compile-command "make lock" pyproject.toml

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

install: .venv/done ## .venv from the lock file

.venv/done: requirements.lock pyproject.toml $(wildcard stream/native/*.[ch])
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	rm -f stream/native/*.so
	$(if $(COMPILER),,$(MAKE) .cache/compiler/done)
	env $(if $(COMPILER),,CC="$(CURDIR)/.cache/compiler/bin/python -m ziglang cc") \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv/done

.cache/compiler/done: requirements-compiler.lock
	$(PYTHON) -m venv .cache/compiler
	.cache/compiler/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-compiler.lock
	touch .cache/compiler/done

demo: install ## the whole service at work on this machine, in about 80 seconds
	$(BIN)/python -m agents demo

shop: install ## a demo shop and the console in the browser, until Ctrl-C
	$(BIN)/python -m agents demo --shop

test: install lint ## the tests, a real Kafka and Redis included; three processes, because tests on a broker wait much
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m "not slow" tests --ignore tests/clients/node --ignore tests/clients/browser

slow: install ## the tests that `make test` leaves out because each takes long: kills, outages, compaction, much real traffic, and all examples of generated input
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m slow tests --ignore tests/clients/node --ignore tests/clients/browser
	EFFORT=whole $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/properties tests/reference

unit: install ## the tests that need no broker, in about a minute
	$(BIN)/python -m pytest -q -n 2 tests/unit tests/contract tests/golden

clients: install .cache/clients/done ## SDKs of storefronts as they are published walk a shop: those of Python, node and browsers
	$(BIN)/python -m pytest -q tests/clients

.cache/clients/done: requirements-clients.lock
	$(PYTHON) -m venv .cache/clients
	.cache/clients/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-clients.lock
	touch .cache/clients/done

format: install ## put the code into the form that lint asks for
	$(BIN)/ruff check -q --select I --fix .
	$(BIN)/ruff format -q .

generate: install ## make the files that are made from others
	$(BIN)/python -m agents.generate.asyncapi
	$(BIN)/python -m agents.generate.strimzi
	$(BIN)/python -m agents.generate.prometheus_rules
	$(BIN)/python -m agents.generate.closing_table

mutants: install ## changes the code at random places: is each seen by a test? (SEED=1 N=160 IN=stream)
	$(BIN)/python -m tests.mutants --seed $(or $(SEED),1) --number $(or $(N),160) $(or $(IN),stream)

cover: install ## branch coverage of stream/, which is to be whole
	EFFORT=whole $(BIN)/coverage run -m pytest -q tests/unit tests/properties tests/reference tests/contract/test_connect.py
	$(BIN)/coverage report --skip-covered --show-missing

bench: install ## what it costs, beside Faust and a bare loop, on a real Kafka: over an hour
	$(BIN)/python -m tests.bench

faults: install ## the whole matrix of faults, one to two hours; goes on where it was (SEED=1 CASE=name ONCE=1 DOCUMENTS=1)
	$(BIN)/python -m tests.faults --seed $(or $(SEED),1) $(if $(ONCE),--once) $(if $(DOCUMENTS),--documents) $(CASE)

layouts: install ## live = backtest with each number of workers and partitions: 81 layouts, about a quarter of an hour
	$(BIN)/python -m pytest -q tests/integration/every_layout.py

soak: install ## a worker under steady load: memory, file descriptors, sizes (MINUTES=60)
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),60)

lint: install ## ruff and mypy
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy

sanitize: install ## the compiled part under AddressSanitizer and UBSan (gcc), beside its Python
	rm -rf .cache/sanitize && mkdir -p .cache/sanitize
	cp -r agents schemas stream tests pyproject.toml .cache/sanitize
	rm -f .cache/sanitize/stream/native/*.so
	cd .cache/sanitize && for name in _visitors _people _wheel; do \
	  gcc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -shared -fPIC \
	  -I$$($(CURDIR)/$(BIN)/python -c "import sysconfig as s; print(s.get_path('include'))") stream/native/$$name.c \
	  -o stream/native/$$name$$($(CURDIR)/$(BIN)/python -c "import sysconfig as s; print(s.get_config_var('EXT_SUFFIX'))") \
	  || exit 1; done
	cd .cache/sanitize && LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=. $(CURDIR)/$(BIN)/python -m pytest -q \
	  -p no:cacheprovider tests/properties/test_compiled.py tests/properties/test_compiled_states.py \
	  tests/properties/test_compiled_reading.py tests/properties/test_compiled_people.py \
	  tests/properties/test_compiled_orders.py tests/properties/test_compiled_audiences.py tests/unit/test_timer_wheel.py \
	  tests/golden

audit: .cache/audit/done ## known vulnerabilities of all that the lock file pins; asks pypi.org
	@$(PYTHON) -c "import urllib.request as r; r.urlopen('https://pypi.org/pypi/pip/24.0/json', timeout=30)" 2>/dev/null || \
	  { echo "audit: pypi.org does not tell its advisories here: NOTHING WAS AUDITED" >&2; exit 1; }
	.cache/audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock

.cache/audit/done: requirements-audit.lock
	$(PYTHON) -m venv .cache/audit
	.cache/audit/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-audit.lock
	touch .cache/audit/done

lock: ## the lock files anew from pyproject.toml (needs uv)
	$(LOCK) --extra build --extra avro --extra local --extra dev -o requirements.lock
	$(LOCK) --extra build --extra avro -c requirements.lock -o requirements-runtime.lock
	$(LOCK:%pyproject.toml=%) --group pyproject.toml:audit -o requirements-audit.lock
	$(LOCK:%pyproject.toml=%) --group pyproject.toml:compiler -o requirements-compiler.lock
	$(LOCK:%pyproject.toml=%) --group pyproject.toml:clients -o requirements-clients.lock

.PHONY: help install demo shop test slow unit clients format generate mutants cover bench faults layouts soak lint sanitize audit lock
