"""Trees of settings, and the paths in them: names with dots between."""

import re
from collections.abc import Mapping
from typing import Any

from mentra.channels.unfit import Unfit
from mentra.errors import Refused
from mentra.messages.channels import Wrong
from mentra.messages.channels.settings import NO_KEY, SECRET

Tree = dict[str, Any]
Names = tuple[str, ...]

DEEPEST = 32
"""How deep settings may be nested."""

_FORBIDDEN = frozenset({"__proto__", "prototype", "constructor"})
"""Names that would change the objects of whoever reads them in JavaScript."""

_SECRET = re.compile(
    r"(?i)(?:api[_-]?key|(?:access|auth|refresh|bearer)?[_-]?token|secret|password|passphrase)"
)


def names_in(key: str) -> Names:
    """The names in a path.

    :raises Unfit: it is none.
    :raises Refused: ``SECRET``.
    """
    names = tuple(key.split("."))
    if len(names) > DEEPEST:
        raise Unfit(Wrong(path="key", message=NO_KEY))
    for name in names:
        _require_name(name, "key")
    return names


def require_harmless(tree: Mapping[str, Any], above: Names = ()) -> None:
    """Let settings by that can be kept.

    :param above: the names that lead to *tree*.
    :raises Unfit: a name in them is none, or they are nested too deeply.
    :raises Refused: ``SECRET``.
    """
    place = ".".join(above)
    if len(above) > DEEPEST:
        message = f"settings are nested at most {DEEPEST} deep"
        raise Unfit(Wrong(path=place, message=message))
    for name, value in tree.items():
        _require_name(name, place)
        if isinstance(value, Mapping):
            require_harmless(value, (*above, name))
        elif isinstance(value, list):
            require_harmless(_objects(value), (*above, name))


def at(tree: Any, names: Names) -> Any:
    """What is found along *names*; None if nothing is."""
    for name in names:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def merged(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> Tree:
    """*tree* with *changes*: objects are merged, everything else is replaced."""
    made = dict(tree)
    for name, value in changes.items():
        before = made.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        made[name] = merged(before, value) if both else value  # type: ignore[arg-type] # both are
    return made


def put(tree: Mapping[str, Any], names: Names, value: Any) -> Tree:
    """*tree* with *value* there; what is no object on the way becomes one."""
    name, *rest = names
    if not rest:
        return {**tree, name: value}
    inner = tree.get(name)
    return {**tree, name: put(inner if isinstance(inner, dict) else {}, tuple(rest), value)}


def without(tree: Mapping[str, Any], names: Names) -> Tree:
    """*tree* without what is there, and without objects that are empty then."""
    name, *rest = names
    inner = tree.get(name)
    left = without(inner, tuple(rest)) if rest and isinstance(inner, dict) else None
    made = {key: value for key, value in tree.items() if key != name}
    if rest and inner is not None and not isinstance(inner, dict):
        return dict(tree)
    return {**made, name: left} if left else made


def _objects(values: list[Any]) -> Tree:
    """The objects and lists among *values*, by their places."""
    return {str(number): one for number, one in enumerate(values) if isinstance(one, (dict, list))}


def _require_name(name: str, place: str) -> None:
    if not name or name in _FORBIDDEN:
        raise Unfit(Wrong(path=place, message=NO_KEY))
    if _SECRET.fullmatch(name):
        raise Refused("SECRET", SECRET)
