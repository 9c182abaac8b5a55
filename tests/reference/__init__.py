"""An independent, naive reading of the rules in semantics.md, to hold the service's own core against.

It shares no code with the core: one global list of facts, sorted; every deadline found by looking
at everything; nothing cached. `decide` is the whole interface.
"""

from tests.reference.decide import decide, decide_all, outputs

__all__ = ["decide", "decide_all", "outputs"]
