"""The OpenAPI document: what routes declare, written down for programs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

import mentra
from mentra.extension import JSON, Access, provider_of
from mentra.interfaces.web import IRoute
from mentra.web.schemas import Json, schemas_of
from mentra.web.templates import segments_of

_SECURITY: Mapping[Access, list[Json]] = {
    Access.PUBLIC: [],
    Access.USER: [{"user": []}],
    Access.APP: [{"app": []}],
    Access.ASSISTANT: [{"user": []}, {"app": []}],
    # or else the key is a field of the body or the query
    Access.KEY: [{"key": []}, {}],
    # goes by network address, for which OpenAPI has no word
    Access.OPERATOR: [],
}

_SCHEMES: Json = {
    "user": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's token.",
    },
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An app's API key, with or without PACKAGE: before it.",
    },
    "app": {
        "type": "http",
        "scheme": "bearer",
        "description": "PACKAGE:KEY, an app's package name and its API key.",
    },
}

_DENIALS: Mapping[Access, Mapping[int, str]] = {
    Access.USER: {401: "The token is missing or no good."},
    Access.APP: {401: "The key is missing or not this package's."},
    Access.ASSISTANT: {401: "Neither a user's token nor an assistant's key."},
    Access.OPERATOR: {403: "Not from the operators' networks."},
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What every error's body may have.

    :ivar error: a sentence for people.
    :ivar code: an upper-case word that a program can act on.
    :ivar message: a sentence for people, where clients look for it under this name.
    :ivar success: false, on the routes whose good answers say true.
    :ivar correlation_id: finds the matching log lines.
    """

    error: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    message: str | msgspec.UnsetType = msgspec.UNSET
    success: bool | msgspec.UnsetType = msgspec.UNSET
    correlation_id: str | msgspec.UnsetType = msgspec.UNSET


def document(routes: Iterable[IRoute]) -> Json:
    """The OpenAPI 3.1 document of *routes*, as JSON's types."""
    known: list[Any] = sorted(routes, key=lambda one: (one.templates, one.method))
    schemas, components = _schemas(known)
    paths: dict[str, Json] = {}
    taken: set[str] = set()
    for one in known:
        for template in one.templates:
            operation: Json = {"operationId": _operation_id(one, template, taken)}
            operation |= _operation(one, schemas)
            parameters = [*_names(template), *_query(one, schemas, components)]
            if parameters:
                operation["parameters"] = parameters
            paths.setdefault(_path(template), {})[one.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "mentra", "version": mentra.__version__, "summary": mentra.__doc__},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


def _schemas(routes: Iterable[Any]) -> tuple[dict[int, Json], Json]:
    """Schema by ``id`` of its type, and what they refer to."""
    kinds: dict[int, Any] = {id(Problem): Problem}
    for one in routes:
        wanted = (one.body, one.answer, one.query, *one.errors.values())
        kinds |= {id(kind): kind for kind in wanted if not isinstance(kind, str | None)}
    schemas, components = schemas_of(kinds.values())
    return dict(zip(kinds, schemas, strict=True)), components


def _operation(one: Any, schemas: Mapping[int, Json]) -> Json:
    told = one.description.partition("\n")
    operation: Json = {
        "summary": told[0] or one.name,
        "description": f"{one.description}\n\nWho may call: {one.access.value}.".strip(),
        "tags": [provider_of(one)],
        "security": _SECURITY[one.access],
        "responses": {str(status): answer for status, answer in sorted(_answers(one, schemas))},
    }
    if one.body is not None or one.body_type != JSON:
        content = {one.body_type: {"schema": schemas.get(id(one.body), {})}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _names(template: str) -> Iterator[Json]:
    for segment in segments_of(template):
        if segment.startswith("{"):
            schema = {"type": "string", "minLength": 1}
            yield {"name": segment[1:-1], "in": "path", "required": True, "schema": schema}


def _query(one: Any, schemas: Mapping[int, Json], components: Json) -> Iterator[Json]:
    if one.query is None:
        return
    struct = components[schemas[id(one.query)]["$ref"].rpartition("/")[2]]
    for name, schema in struct.get("properties", {}).items():
        is_required = name in struct.get("required", ())
        parameter: Json = {"name": name, "in": "query", "required": is_required}
        if "description" in schema:
            parameter["description"] = schema["description"]
        yield parameter | {"schema": schema}


def _answers(one: Any, schemas: Mapping[int, Json]) -> Iterator[tuple[int, Json]]:
    if one.answer_type == JSON:
        schema = schemas[id(one.answer)] if one.answer is not None else {}
    else:
        schema = {"type": "string"}
    good: Json = {"description": "Done."}
    if one.status != 204:
        good["content"] = {one.answer_type: {"schema": schema}}
    yield one.status, good
    for status, told in {**_expected(one), **one.errors}.items():
        kind = Problem if isinstance(told, str) else told
        sentence = told if isinstance(told, str) else _first_line(kind)
        schema = schemas[id(kind)]
        if status in _expected(one) and kind is not Problem:
            # from the route, or from those who let nobody through to it
            schema = {"anyOf": [schema, schemas[id(Problem)]]}
        content = {JSON: {"schema": schema}}
        yield status, {"description": sentence, "content": content}


def _expected(one: Any) -> dict[int, str]:
    """Statuses that follow from the declaration, or from nothing but being a route."""
    found = {500: "A bug; the log has it.", 504: "It took too long."}
    if one.body is not None or one.query is not None:
        found[400] = "The body or the query is not what is taken here."
    if one.query is not None or any("{" in template for template in one.templates):
        found[414] = "The URL is longer than 16 KiB."
    if one.body is not None or one.body_type != JSON:
        found[413] = f"The body is longer than {one.max_body} bytes."
    return found | dict(_DENIALS.get(one.access, {}))


def _first_line(kind: Any) -> str:
    return (getattr(kind, "__doc__", None) or "").strip().partition("\n")[0] or "Not done."


def _path(template: str) -> str:
    return "/" + "/".join(segments_of(template))


def _operation_id(one: Any, template: str, taken: set[str]) -> str:
    """The function's name, if it is free; for further templates with the path."""
    name = one.name.rpartition(":")[2]
    if name in taken:
        name = re.sub(r"\W+", "_", f"{one.method.lower()}{template}").strip("_")
    while name in taken:
        name += "_"
    taken.add(name)
    return str(name)
