"""The promise under faults: every trigger once, none lost, none after the purchase.

A case writes a seeded log (logs.py) to a real broker at a steady pace, while real workers run and faults
hit (faults.py). After the faults end and the topics are drained, raw.py reads every topic, an independent
implementation of the rules (tests/reference) gives the expected records, and verdict.py compares both as sets. The cases
are functions in this folder; test_faults.py runs some of them, `python -m tests.faults` all.
"""
