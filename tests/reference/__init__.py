"""An independent, naive implementation of semantics.md, to compare the core with.

It shares no code with the core: one global sorted list of facts; every deadline found by scanning
everything; nothing cached. `decide` is the whole interface.
"""

from tests.reference.decide import decide, decide_all, outputs

__all__ = ["decide", "decide_all", "outputs"]
