"""The deciding core: pure functions and state, no clock, socket, thread, environment or randomness.

Follow one event: `events` (bytes to a typed event) -> `visitors` (one state per visitor, `visitor`,
`cart`, `exit_intent`) -> `facts` -> `people` (one state per person, `person`, `episodes`, `steps`,
`guards`) -> `triggers` and `decisions`. `backtest` runs the same path over a file.
"""
