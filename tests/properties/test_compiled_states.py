"""States of the compiled part equal those of Python; any invalid state is refused."""

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.events.parts import Page, Product
from stream.events.types import PageViewed, ProductViewed, SearchPerformed
from stream.outputs.outputs import Outputs
from stream.stages import backend
from stream.stages.backend import COMPILED, PURE, best_backend
from stream.stages.visitors import Visitors
from stream.state.in_time import VisitorInTime
from stream.state.visitor import Visitor
from stream.store import changelog
from stream.store.changelog import FORMAT, HEADER, UnreadableState
from tests import effort
from tests.properties.test_compiled import RULES, SEEDS, needed, records

COMPILER = shutil.which("cc") or shutil.which("gcc")
HEADERS = sorted((Path(backend.__file__).parents[1] / "native").glob("*.h"))


def test_it_is_in_use_where_there_is_a_compiler() -> None:
    if COMPILER is None:
        pytest.skip("no C compiler here")
    assert COMPILED is not None
    assert best_backend() is COMPILED
    assert Visitors(RULES).takes_blocks


def states(seed: int) -> list[bytes]:
    stage, packed = Visitors(RULES, PURE), {}
    stage.process(records(seed, 300), Outputs())
    packed = {key: value[HEADER.size :] for key, value in stage.changes() if key and value}
    return [value for value in packed.values() if value]


@needed
@settings(max_examples=effort.of(60), deadline=None)
@given(SEEDS, st.data())
def test_a_record_that_is_not_a_state_is_refused(seed: int, data: st.DataObject) -> None:
    """Any bytes are a state or are refused with an error, without reading beyond them."""
    assert COMPILED is not None
    for value in states(seed % 1000):
        assert COMPILED.encode(COMPILED.decode(memoryview(value))) == value
        for cut in range(0, len(value), 7):
            with pytest.raises(ValueError):
                COMPILED.decode(memoryview(value[:cut]))
        place, byte = data.draw(st.integers(0, len(value) - 1)), data.draw(st.integers(0, 255))
        broken = value[:place] + bytes([byte]) + value[place + 1 :]
        try:
            found = COMPILED.decode(memoryview(broken))
        except ValueError:
            continue
        COMPILED.decode(memoryview(COMPILED.encode(found)))


@needed
def test_states_of_other_releases_of_the_format_are_read() -> None:
    """Trailing parts missing from an earlier release get defaults; those of a later release are ignored."""
    assert COMPILED is not None
    for value in states(3):
        fields = msgspec.msgpack.decode(value)
        for count in range(len(fields) - 12, len(fields) + 1):
            short = msgspec.msgpack.encode(fields[:count])
            mine, theirs = (make.decode(memoryview(short)) for make in (COMPILED, PURE))
            assert COMPILED.encode(mine) == PURE.encode(theirs)
        last = [None] * (len(Visitor.__struct_fields__) - len(fields))
        later = msgspec.msgpack.encode([*fields, *last, {"more": [1, 2.5, None]}])
        assert COMPILED.encode(COMPILED.decode(memoryview(later))) == value


@needed
@settings(max_examples=effort.of(200), deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 10**15), st.integers(-1, 10**15), st.binary(max_size=1))))
def test_headers_are_surveyed_alike(headers: list[tuple[int, int, bytes]]) -> None:
    assert COMPILED is not None
    assert COMPILED.back is not None
    packed = {
        str(n): HEADER.pack(1, applied, deadline, 1) + state
        for n, (applied, deadline, state) in enumerate(headers)
    }
    assert COMPILED.back.survey(packed, 100) == changelog.survey(packed, 100)
    with pytest.raises(ValueError):
        COMPILED.back.survey(packed | {"short": b"\x01"}, 100)


@needed
@settings(max_examples=effort.of(200), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(value: bytes) -> None:
    assert COMPILED is not None
    with pytest.raises(ValueError):
        COMPILED.decode(memoryview(b"\xdc\x00\x21" + value))


@needed
def test_its_fields_and_methods_match_the_struct() -> None:
    assert COMPILED is not None
    mine, theirs = COMPILED.new("v"), PURE.new("v")
    for name in Visitor.__struct_fields__:
        if name not in ("ids", "views"):
            assert getattr(mine, name) == getattr(theirs, name), name
    for visitor in (mine, theirs):
        assert (visitor.person, visitor.last_sign, visitor.is_known) == ("visitor:v", -1, False)
        for name in ("phone", "email", "customer"):
            setattr(visitor, name, "x")
            assert (visitor.person, visitor.is_known) == (f"{name}:x", True)
        with pytest.raises(TypeError):
            visitor.traits_orders = visitor.engage()  # type: ignore
    assert COMPILED.encode(mine) == PURE.encode(theirs)


def used(visitor: Visitor) -> Visitor:
    """A visitor after calls of its methods, with all fields set."""
    product, page = Product(id="p", name="N", price=9.5), Page(kind="payment")
    visitor.engage(1_000)
    visitor.view(ProductViewed(id="e1", visitor="v", product=product), 1_000)
    visitor.engage(3_000)
    visitor.search(SearchPerformed(id="e2", visitor="v", query="q"), 3_000)
    visitor.turn(PageViewed(id="e3", visitor="v", page=page), 4_000)
    visitor.remember("Ae3")
    visitor.customer, visitor.email, visitor.former = "c", "e" * 20, "customer:d"
    visitor.bound_pairs["k"], visitor.consent["email"] = 5, True
    visitor.applied = visitor.version = visitor.facts = visitor.last_event = 7
    visitor.in_time = VisitorInTime(offered={"~x": 1})
    return visitor


@needed
def test_a_visitor_whose_customer_left_keeps_its_id() -> None:
    assert COMPILED is not None
    mine, theirs = used(COMPILED.new("v")), used(PURE.new("v"))
    assert COMPILED.encode(mine) == PURE.encode(theirs)
    for visitor in (mine, theirs):
        visitor.begin_anew()
        assert (visitor.knows("Ae3"), visitor.facts, visitor.products, visitor.page) == (
            True,
            7,
            0,
            "",
        )
        visitor.customer = None
        assert visitor.person == "visitor:v"
    assert COMPILED.encode(mine) == PURE.encode(theirs)


@needed
def test_what_is_no_event_is_refused() -> None:
    assert COMPILED is not None
    mine = COMPILED.new("v")
    calls: tuple[Any, ...] = (mine.view, mine.search, mine.turn)
    for call in calls:
        with pytest.raises(AttributeError):
            call(None, 1)
        with pytest.raises(TypeError):
            call(None)
    with pytest.raises(TypeError):
        mine.page = None  # type: ignore[assignment]


NAMES = st.text("AB", min_size=1, max_size=1).flatmap(
    lambda code: st.text(min_size=1).map(code.__add__)
)


@needed
@settings(max_examples=effort.of(100), deadline=None)
@given(st.lists(NAMES, max_size=20), st.integers(0, 600), st.booleans())
def test_the_last_ids_are_known(names: list[str], count: int, restored: bool) -> None:
    assert COMPILED is not None
    mine, theirs = COMPILED.new("v"), PURE.new("v")
    every = list(dict.fromkeys([f"A{n}" for n in range(count)] + names))
    for name in every:
        mine.remember(name)
        theirs.remember(name)
        if restored:
            mine = COMPILED.decode(memoryview(COMPILED.encode(mine)))
    for name in every:
        assert mine.knows(name) == theirs.knows(name), name
        other = chr(ord(name[0]) ^ 3) + name[1:]
        assert mine.knows(other) == theirs.knows(other)
    assert COMPILED.encode(mine) == PURE.encode(theirs)


@needed
def test_a_record_of_a_newer_release_is_refused() -> None:
    for format in (FORMAT + 1, 127, 128, 255):
        with pytest.raises(UnreadableState):
            Visitors(RULES, COMPILED).restore([(b"v", bytes([format]) + bytes(HEADER.size))])


class Configured:
    """Replaces the module; records its configuration."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def configure(self, **given: Any) -> None:
        self.given = given

    def pack(self, visitor: Visitor) -> bytes:
        return PURE.encode(visitor)

    Visitor = staticmethod(PURE.new)


@needed
def test_constants_and_words_of_another_release_are_refused() -> None:
    from stream.native import _visitors  # noqa: PLC0415 - only where it was built

    configured = Configured()
    backend._configure(configured)
    given = configured.given
    for part in ("constants", "words"):
        for name, value in given[part].items():
            other = value + 1 if isinstance(value, int) else value[::-1]
            with pytest.raises(ValueError, match=f"another release.*{name}"):
                _visitors.configure(**given | {part: given[part] | {name: other}})
    with pytest.raises(ValueError, match="another release"):
        _visitors.configure(**given | {"constants": given["constants"] | {"MORE": 1}})
    with pytest.raises(ValueError, match="another release"):
        _visitors.configure(**given | {"letters": b"ABC"})
    with pytest.raises(ValueError, match="another release: other letters, types"):
        _visitors.configure(**given | {"slots": given["slots"][1:]})
    with pytest.raises(AttributeError):
        _visitors.configure(**given | {"slots": given["slots"][::-1]})
    _visitors.configure(**given)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler here")
@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_a_header_compiles_alone_and_twice(header: Path) -> None:
    """Included twice, because each has an include guard."""
    file = f'#include "{header}"\n#include "{header}"\n'
    include = sysconfig.get_path("include")
    command = [str(COMPILER), "-fsyntax-only", f"-I{include}", "-x", "c", "-"]
    subprocess.run(command, input=file.encode(), check=True)
