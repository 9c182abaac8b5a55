"""The promise under faults: every trigger once, none lost, none after the purchase.

A case loads a seeded log (logs.py) into a real broker at its own pace while real workers run and faults
hit (faults.py). After healing and draining every topic is read raw (raw.py), what the log demands is told
by the independent reading of the rules (tests/reference), and verdict.py compares both as sets. The cases
stand in cases/, the ones of each run of the tests in test_faults.py, the rest is `python -m tests.faults`.
"""
