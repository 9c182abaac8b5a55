help:
	@echo "install: .venv from the lock file; test: the tests"

install: .venv/done

.venv/done: requirements.lock
	python3 -m venv .venv
	.venv/bin/pip install -q -r requirements.lock
	touch .venv/done

test: install
	.venv/bin/python -m pytest -q tests

.PHONY: help install test
