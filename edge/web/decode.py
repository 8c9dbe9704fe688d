"""From a request's bytes to the declared struct, or to an `invalid_request` that points at the field."""

from typing import Any, Final

import msgspec
from aiohttp import web
from multidict import MultiMapping

from edge.kernel.domain import Rejected
from edge.web import pointers
from edge.web.problems import InvalidRequest
from edge.web.routes import JSON

_MISSING: Final = "missing required field `"
_UNKNOWN: Final = "contains unknown field `"
_IN_FIELD: Final = "in field `"
"""A struct's own check names the field that it complains of by this phrase."""
DETAIL_CHARS_MAX: Final = 300


class BodyDecoder:
    """Decodes the JSON bodies of one route, strictly: no type is guessed."""

    def __init__(self, takes: type, bytes_max: int) -> None:
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(takes)
        self._decode = decoder.decode
        self._bytes_max = bytes_max

    async def read(self, request: web.Request) -> Any:
        """The declared struct. An empty body is an empty object. Raises Rejected."""
        headers = request.headers
        length = headers.get("Content-Length")
        if length is not None and len(length) < 16 and int(length) > self._bytes_max:
            raise Rejected("body_too_large", bytes_max=self._bytes_max)
        raw = await request.read()
        if len(raw) > self._bytes_max:
            raise Rejected("body_too_large", bytes_max=self._bytes_max)
        if raw and not is_json(headers.get("Content-Type", JSON)):
            raise Rejected("unsupported_media_type", expected=JSON)
        return self.decode(raw)

    def decode(self, raw: bytes) -> Any:
        """The same of the body's bytes."""
        try:
            return self._decode(raw or b"{}")
        except (ValueError, RecursionError) as error:
            raise invalid(error, pointers.whole(raw), self._complaint) from None

    def _complaint(self, body: Any) -> str:
        """What is wrong with this body; empty where nothing is."""
        try:
            self._decode(msgspec.json.encode(body))
        except (ValueError, RecursionError) as error:
            return str(error)
        return ""


class QueryDecoder:
    """Decodes the query strings of one route. A field of a list type takes values divided by commas."""

    def __init__(self, takes: type) -> None:
        self._takes = takes
        self._lists = frozenset(list_fields(takes))

    def read(self, query: MultiMapping[str]) -> Any:
        """The declared struct. Raises Rejected."""
        given: dict[str, str | list[str]] = {}
        for name, value in query.items():
            if name in given:
                raise InvalidRequest(f"Parameter `{name}` is given twice", pointer=f"/{name}")
            given[name] = [part for part in value.split(",") if part] if name in self._lists else value
        try:
            return msgspec.convert(given, self._takes, strict=False)
        except (ValueError, RecursionError) as error:
            raise invalid(error) from None


def list_fields(takes: type) -> list[str]:
    """The fields whose values are lists, by their names on the wire."""
    described = msgspec.inspect.type_info(takes)
    fields = described.fields if isinstance(described, msgspec.inspect.StructType) else ()
    return [field.encode_name for field in fields if _is_list(field.type)]


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == JSON


def invalid(error: Exception, body: Any = None, complaint: pointers.Complaint = pointers.no_complaint) -> InvalidRequest:
    """The refusal for what msgspec did not accept, pointing into `body` where that is known."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        text = "The text is not UTF-8"
    elif isinstance(error, RecursionError):
        text = "The JSON is nested too deeply"
    detail, pointer, exact = pointers.located(text, body, complaint)
    return InvalidRequest(detail[:DETAIL_CHARS_MAX], pointer=pointer + (_named_in(detail) if exact else ""))


def _named_in(detail: str) -> str:
    """The field that is missing, too many or wrong beside another: msgspec's path ends at the object around it."""
    for phrase in (_MISSING, _UNKNOWN, _IN_FIELD):
        _, found, rest = detail.rpartition(phrase)
        if found:
            return "/" + pointers.escaped(rest.removesuffix("`"))
    return ""


def _is_list(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_list(one) for one in kind.types)
    return isinstance(
        kind,
        msgspec.inspect.ListType | msgspec.inspect.SetType | msgspec.inspect.FrozenSetType | msgspec.inspect.VarTupleType,
    )
