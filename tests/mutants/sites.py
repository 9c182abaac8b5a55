"""The places where code can be changed so that it does something else, and the changes."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutants.tuning import TUNING

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One change: `text` replaces the range from `start` to `end`, each (line from 1, byte in the line)."""

    file: str
    start: tuple[int, int]
    end: tuple[int, int]
    before: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.start[0]}  {_short(self.before)}  ->  {_short(self.text)}"

    def applied(self, source: str) -> str:
        """The source with the change. Raises SyntaxError if it does not parse."""
        lines = source.encode().splitlines(keepends=True)
        (first, left), (last, right) = self.start, self.end
        head, tail = lines[first - 1][:left], lines[last - 1][right:]
        changed = b"".join([*lines[: first - 1], head, self.text.encode(), tail, *lines[last:]])
        ast.parse(changed)
        return changed.decode()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else line[:69] + "…"


def mutants(root: Path, file: Path) -> list[Mutant]:
    """All changes of a file, in file order, without those of constants that only tune."""
    source, name = file.read_text(), str(file.relative_to(root))
    tree, tuning, found = ast.parse(source), TUNING.get(name, frozenset()), []
    tree.body = [each for each in tree.body if _constant(each) not in tuning]
    lines = source.encode().splitlines(keepends=True)
    for node, text in _changes(tree):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        found.append(Mutant(name, start, end, _between(lines, start, end), text))
    return found


def _between(lines: list[bytes], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The source from `start` to `end`. `ast.get_source_segment` splits the whole source for each node."""
    (first, left), (last, right) = start, end
    whole = b"".join(lines[first - 1 : last])
    return whole[left : len(whole) - len(lines[last - 1]) + right].decode()


def _constant(node: ast.stmt) -> str | None:
    """The name of the annotated constant that a statement makes; None if it makes none."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return None


Node = ast.expr | ast.stmt


def _changes(tree: ast.AST) -> Iterator[tuple[Node, str]]:
    """Yields (replaced node, text), without annotations and code for type checkers only."""
    for node in _children(tree):
        if isinstance(node, ast.stmt):
            yield from _of_statement(node)
        elif isinstance(node, ast.expr):
            yield from _of_expression(node)
        yield from _changes(node)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    skipped = {"annotation", "returns", "decorator_list", "bases"}
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Assert | ast.JoinedStr):
        return  # what holds anyway, and texts
    if isinstance(node, ast.keyword) and node.arg in {"gc", "frozen"}:
        return  # how the garbage collector sees a Struct, and whether it may change: mypy forbids that
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
        yield from node.args  # `strict` says what holds anyway
        return
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        if node.targets[0].id[0].isupper() and isinstance(node.value, ast.Subscript | ast.BinOp):
            if isinstance(node.value, ast.Subscript) or isinstance(node.value.op, ast.BitOr):
                return  # an alias of a type
    for name, value in ast.iter_fields(node):
        if name in skipped:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield each


def _of_statement(node: ast.stmt) -> Iterator[tuple[Node, str]]:
    """Yields changes that remove or negate a statement."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Delete():
            yield node, "pass"
        case ast.Raise() | ast.Continue():
            yield node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass"
        case ast.Return(value=value) if value is not None and not _is_no(value):
            yield node, "return None"
        case ast.If(test=test) | ast.While(test=test) if "TYPE_CHECKING" not in ast.unparse(test):
            yield test, f"not ({ast.unparse(test)})"
        case _:
            pass


def _is_no(node: ast.expr) -> bool:
    """Whether it is None, or False: None is no other answer to a question."""
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def _of_expression(node: ast.expr) -> Iterator[tuple[Node, str]]:
    match node:
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(value)):
            yield node, str(value + 1)
        case ast.Constant(value=float(value)):
            yield node, str(value * 2 or 1.0)
        case ast.Compare(left=left, ops=[op, *ops], comparators=rest) if type(op) in SWAPPED:
            swapped = ast.Compare(left, [SWAPPED[type(op)](), *ops], rest)  # type: ignore[list-item]
            yield node, f"({ast.unparse(swapped)})"
        case ast.BoolOp(op=op, values=values):
            joined = ast.BoolOp(SWAPPED[type(op)](), values)  # type: ignore[arg-type]
            yield node, f"({ast.unparse(joined)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SWAPPED:
            if not any(isinstance(each, ast.JoinedStr | ast.List) for each in (left, right)):
                turned = ast.BinOp(left, SWAPPED[type(op)](), right)  # type: ignore[arg-type]
                yield node, f"({ast.unparse(turned)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            other = ast.IfExp(test, orelse, body)
            yield node, f"({ast.unparse(other)})"
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            yield node.func, NAMES[name]
        case _:
            pass
