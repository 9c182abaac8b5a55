"""A sources file (YAML in TRIGGERS_SOURCES): what storefronts send, and who may send it.

Source: docs/connect.md, 7.4 and 7.5. A file with any fault counts as a whole as invalid. No fault quotes a
secret or a key.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from agents.connect.regions import REGIONS
from agents.connect.signatures import SIGNED
from stream.connect.money import CODES
from stream.connect.registry import REGISTRY, RENAMED
from stream.connect.source import HARMLESS, KeyOf, Source, no_key
from stream.marked import all_explained, dotted, hint, line_of, repeated

SERVERS: Final = frozenset({"shopify", "woocommerce", "commercetools"})
"""Kinds that only servers send. They are trusted by default."""

LEAVES_CARTS_TO: Final = {"shopify-pixel": "shopify"}
"""Kinds whose carts do not count if there is a source of the other kind, which sends whole carts."""

CART_AUTHORITY: Final = "cart_authority"
TRUTHS: Final = frozenset({CART_AUTHORITY, "network_userid"})
SPOKEN: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp")
)
"""The types that YAML gives to a plain NO or 1. In a sources file all values but TRUTHS are texts."""

Keyed = Callable[[str | None], KeyOf]
"""A region to a function that makes keys of addresses there. `agents.connect.contacts` has one."""

Trust = Literal["browser", "server"]


class SourcesError(Exception):
    """The file is no valid sources file. The message has a line for each fault, with the line in the file and the path."""


@dataclass(frozen=True)
class Connected:
    """A source, how its senders authenticate, and the topics that a bridge reads of it."""

    source: Source
    keys: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    topics: tuple[str, ...] = ()

    @property
    def is_of_topics_alone(self) -> bool:
        """A bridge reads it, and nobody may post to it."""
        return bool(self.topics) and not self.keys and not self.secrets


class _Fault(NamedTuple):
    path: tuple[str, ...]
    what: str


def without_keys(region: str | None) -> KeyOf:
    return no_key


def read(path: Path, keyed: Keyed = without_keys) -> tuple[Connected, ...]:
    """The sources of a file. Raises SourcesError, OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SourcesError(f"{path}: expected a text file in UTF-8") from None
    return load(text, str(path), path.parent, keyed)


def load(
    text: str, name: str = "sources", folder: Path = Path(), keyed: Keyed = without_keys
) -> tuple[Connected, ...]:
    """The sources of a file's text. Names of other files are relative to `folder`."""
    root, document = _composed(text, name)
    refused = [
        _Fault(tuple(path), what)
        for path, what in all_explained("sources", document, quoting=False)
    ]
    given = [(index, _with_files(each, index, folder)) for index, each in _sound(document, refused)]
    _refuse(name, root, [*refused, *_faults(given)])
    kinds = {each["kind"] for each in document["sources"]}
    return tuple(_connected(each, kinds, keyed) for _, (each, _) in given)


def _composed(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    """The nodes, for their lines, and the document."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None, {}
        if twice := sorted(repeated(root)):
            lines = [f"{name}:{line}: {field} is there twice: keep one" for line, field in twice]
            raise SourcesError("\n".join(lines))
        _as_text(root, set())
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise SourcesError(f"{name}:{line}: {fault.problem or fault.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SourcesError(f"{name}: expected a YAML file") from None


def _as_text(node: yaml.Node, seen: set[int]) -> None:
    """A step is called 1 and a region NO: neither is a number or a truth."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _as_text(key, seen)
            if key.value not in TRUTHS:
                _as_text(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _as_text(part, seen)
    elif node.tag in SPOKEN:
        node.tag = "tag:yaml.org,2002:str"


def _refuse(name: str, root: yaml.Node | None, faults: Iterable[_Fault]) -> None:
    """Raises SourcesError with all faults, if there are any, in the order of their lines."""
    found = sorted((line_of(root, fault.path), fault) for fault in faults)
    if found:
        lines = [f"{name}:{line}: {dotted(fault.path)}: {fault.what}" for line, fault in found]
        raise SourcesError("\n".join(lines))


def _sound(document: Any, refused: Iterable[_Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(index, source) of the sources in which the schema finds no fault."""
    broken = {fault.path[1] for fault in refused if fault.path[1:]}
    given = document.get("sources") if isinstance(document, dict) else None
    for index, each in enumerate(given if isinstance(given, list) else ()):
        if str(index) not in broken:
            yield index, each


Given = tuple[dict[str, Any], list[_Fault]]


def _with_files(given: dict[str, Any], index: int, folder: Path) -> Given:
    """(a source with the lines of its files instead of their names, the faults of these files)."""
    source, faults = dict(given), list[_Fault]()
    for kind in ("keys", "secrets"):
        file = source.pop(f"{kind}_file", None)
        path = ("sources", str(index), f"{kind}_file")
        if file is None:
            continue
        if kind in source:
            faults.append(_Fault(path, f"{kind} stand in the file, too: keep one"))
            continue
        try:
            source[kind] = (folder / file).read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            faults.append(_Fault(path, f"cannot read {file} ({type(error).__name__})"))
            continue
        if not source[kind]:
            faults.append(_Fault(path, f"there are no {kind} in {file}"))
    return source, faults


def _faults(given: list[tuple[int, Given]]) -> Iterator[_Fault]:
    """Faults that the schema cannot see. `given`: by index in the file."""
    names: set[str] = set()
    owners: dict[tuple[str, str], tuple[int, str]] = {}
    for index, (source, faults) in given:
        yield from faults
        at = ("sources", str(index))
        if source["name"] in names:
            yield _Fault((*at, "name"), f"{source['name']} is there twice")
        names.add(source["name"])
        yield from _of_itself(source, at, are_read=not faults)
        for kind in ("keys", "secrets", "topics"):
            for word in source.get(kind, ()):
                owner, other = owners.setdefault((kind, word), (index, source["name"]))
                if owner != index:
                    yield _Fault((*at, kind), f"one of them is a source's before this: {other}'s")


def _of_itself(source: dict[str, Any], at: tuple[str, ...], are_read: bool) -> Iterator[_Fault]:
    """`are_read`: whether its files could be read, so that it has the secrets that they name."""
    kind = source["kind"]
    if kind not in REGISTRY:
        yield _Fault((*at, "kind"), f"there is no kind {kind}: {hint(kind, REGISTRY)}")
    if are_read and kind in SIGNED and not source.get("secrets") and not source.get("topics"):
        yield _Fault(at, f"{kind} needs secrets: what is not signed could come from anybody")
    for name, type in source.get("events", {}).items():
        if type not in RENAMED.get(kind, {type}):
            known = ", ".join(sorted(RENAMED[kind]))
            yield _Fault((*at, "events", name), f"of {kind} expected one of {known}, got {type}")
    if source.get("currency", "EUR") not in CODES:
        yield _Fault((*at, "currency"), "must be a currency of ISO 4217, such as EUR")
    if source.get("region", "DE") not in REGIONS:
        yield _Fault((*at, "region"), "must be a region of ISO 3166, such as DE, or GB for the UK")


def _connected(given: dict[str, Any], kinds: set[str], keyed: Keyed) -> Connected:
    kind, region = given["kind"], given.get("region")
    trusted: Trust = "server" if kind in SERVERS else "browser"
    fields = {
        name: given[name]
        for name in ("events", "steps", "consent", "currency", "network_userid")
        if name in given
    }
    source = Source(
        name=given["name"],
        kind=kind,
        trust=given.get("trust", trusted),
        cart_authority=given.get(CART_AUTHORITY, LEAVES_CARTS_TO.get(kind) not in kinds),
        region=region,
        url_parameters=HARMLESS | {word.lower() for word in given.get("url_parameters", ())},
        key_of=keyed(region),
        **fields,
    )
    lists = (tuple(given.get(name, ())) for name in ("keys", "secrets", "topics"))
    return Connected(source, *lists)


def unkeyed(sources: tuple[Connected, ...]) -> tuple[str, ...]:
    """Names of the sources that send addresses. Without a pepper these addresses join nobody."""
    return tuple(each.source.name for each in sources if each.source.trust == "server")
