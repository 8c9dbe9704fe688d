"""The OpenAPI 3.1 document, made of the same declarations that the server is built from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from edge.web.problems import MEDIA_TYPE, ProblemBody, Problems
from edge.web.routes import JSON, KEY_CHARS_MAX, Route

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = {"$ref": _REF.format(name=ProblemBody.__name__)}
_KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key and body gets the first answer; another body under it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
}
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Staff session, enrolled device, or phone's ticket token"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "bb_session",
        "description": "Staff pages; writes from the same origin",
    },
}
_LIVE: Final = {
    "operationId": "live",
    "tags": ["live"],
    "summary": "Live feed (WebSocket) with resume",
    "parameters": [
        {"name": "after", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}},
        {
            "name": "topics",
            "in": "query",
            "required": False,
            "explode": False,
            "schema": {"type": "array", "items": {"type": "string"}},
        },
    ],
    "responses": {
        "101": {"description": "Switched to WebSocket, sub-protocol `branchbox`"},
        "default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}},
    },
    "security": [{"bearer": []}, {"session": []}],
}


def describe(routes: Sequence[Route], problems: Problems, *, title: str, version: str) -> bytes:
    """The document as JSON."""
    types = [*dict.fromkeys(one for route in routes for one in (route.takes, route.reply) if one), ProblemBody]
    refs, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    known = _Schemas(dict(zip(types, refs, strict=True)), schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, problems, known)
    paths["/api/live"] = {"get": _LIVE}
    document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }
    return msgspec.json.encode(document)


@dataclass(frozen=True, slots=True)
class _Schemas:
    """The types' schemas. Two types may have the same name in different capabilities, so only msgspec knows the references."""

    refs: Mapping[type, Schema]
    by_name: Mapping[str, Schema]

    def of(self, one: type) -> Schema:
        """An object of any keys has no name and stands where it is used."""
        reference = self.refs[one].get("$ref")
        return self.refs[one] if reference is None else self.by_name[reference.rpartition("/")[2]]


def _operation(route: Route, problems: Problems, schemas: _Schemas) -> Schema:
    operation: Schema = {
        "operationId": f"{route.capability}_{route.name}",
        "tags": [route.capability],
        "summary": route.summary or route.name.replace("_", " "),
        "parameters": [*_path_parameters(route.path), *_query_parameters(route, schemas)],
        "responses": {**_success(route, schemas), **_refusals(route, problems)},
        "security": [] if route.public else [{"bearer": []}, {"session": []}],
    }
    if route.public:
        operation["security"] = [{}, {"bearer": []}]
    if route.idempotent:
        operation["parameters"].append(_KEY_HEADER)
    if route.permission is not None:
        operation["x-permission"] = route.permission
    operation["x-audience"] = sorted(route.audience)
    if route.takes is not None and not route.reads:
        needed = bool(schemas.of(route.takes).get("required"))
        operation["requestBody"] = {"required": needed, "content": {JSON: {"schema": schemas.refs[route.takes]}}}
    return operation


def _path_parameters(path: str) -> Iterable[Schema]:
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}").partition(":")[0]
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route, schemas: _Schemas) -> Iterable[Schema]:
    if route.takes is None or not route.reads:
        return
    schema = schemas.of(route.takes)
    for name, described in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}
        if described.get("type") == "array":
            parameter["explode"] = False
        yield parameter


def _success(route: Route, schemas: _Schemas) -> Schema:
    if route.status == 204:
        return {"204": {"description": "Done; no content"}}
    schema = {} if route.reply is None else {"schema": schemas.refs[route.reply]}
    content = {route.content_type: schema}
    if route.also_content_type is not None:
        content[route.also_content_type] = {"schema": {"type": "string", "format": "binary"}}
    done: Schema = {str(route.status): {"description": "Done", "content": content}}
    return done | ({"204": {"description": "Nothing to tell"}} if route.may_be_empty else {})


def _refusals(route: Route, problems: Problems) -> Schema:
    """The route's own problems by status, and the ones that every route may answer."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*route.problems, *_implied(route))):
        problem = problems.of(code)
        by_status.setdefault(problem.status, []).append(f"`{code}` {problem.en}")
    responses: Schema = {
        str(status): {"description": "; ".join(lines), "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
        for status, lines in sorted(by_status.items())
    }
    responses["default"] = {"description": "Another problem", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    return responses


def _implied(route: Route) -> Iterable[str]:
    if route.takes is not None:
        yield "invalid_request"
    if route.takes is not None and not route.reads:
        yield from ("body_too_large", "unsupported_media_type")
    if not route.public:
        yield from ("unauthenticated", "forbidden")
    if route.idempotent:
        yield from ("invalid_idempotency_key", "idempotency_conflict", "overloaded")
    yield "rate_limited"
