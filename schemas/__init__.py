"""What the topics promise: JSON Schemas (draft 7) of all that is read or written, with examples.

`load(name)` gives a schema or a data file by its path stem, `validator(name)` a compiled check,
`thorough(name)` one that finds all faults, `fault(document)` the first fault of an event.
"""

from schemas.faults import fault
from schemas.files import SchemaError, load, names, thorough, validator
from schemas.nobody import names_nobody, somebody

__all__ = [
    "SchemaError",
    "fault",
    "load",
    "names",
    "names_nobody",
    "somebody",
    "thorough",
    "validator",
]
