"""What the tests that read our own source want to know of it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "mentra").rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@attrs.frozen
class Import:
    """A module that is imported, or of which something is.

    :ivar names: what is imported of it; None if it is the module itself.
    :ivar level: how many dots stand before it.
    """

    module: str
    names: tuple[str, ...] | None
    level: int


@attrs.frozen
class Facts:
    """What there is in a file.

    :ivar silent: line and name of what is public and has no docstring; the module itself is 0.
    :ivar lengths: line and name of each function, and how many lines it has.
    """

    silent: tuple[tuple[int, str], ...]
    lengths: dict[tuple[int, str], int]
    imports: tuple[Import, ...]


@cache
def facts_of(file: Path) -> Facts:
    """A file is read once, whoever asks; its tree is not kept, for so many objects would make
    every later garbage collection slow."""
    tree = ast.parse(file.read_text("utf-8"))
    statements = list(_statements(tree))
    silent = [(0, "")] if ast.get_docstring(tree) is None else []
    return Facts(
        (*silent, *((one.lineno, one.name) for one in _undocumented(tree))),
        {
            (one.lineno, one.name): (one.end_lineno or 0) - one.lineno + 1
            for one in statements
            if isinstance(one, Function)
        },
        tuple(found for one in statements for found in _imports(one)),
    )


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All below *node*; expressions, which are most of a tree, are left aside."""
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        below = getattr(node, field, ())
        # the body of a lambda is an expression, as that of "a if b else c" is
        for one in below if isinstance(below, list) else ():
            yield one
            yield from _statements(one)


def _undocumented(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Public definitions in *node* without a docstring."""
    for child in node.body:
        if isinstance(child, Definition) and not child.name.startswith("_"):
            if ast.get_docstring(child) is None:
                yield child
            if isinstance(child, ast.ClassDef):
                yield from _undocumented(child)


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(one.name, None, 0) for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        names = tuple(one.name for one in node.names)
        yield Import(node.module or "", names, node.level)
