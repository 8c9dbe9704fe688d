"""The HTTP that a camera speaks when it pushes: one request a visit, with a body of known length. Pure.

Less than HTTP on purpose: no chunks, no keep-alive, no continuation lines. What is not understood is answered by a refusal and
the visit ends, so nothing after it can be misread. Head and body have sizes that are checked before they are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

HEAD_BYTES_MAX: Final = 8_192
HEADERS_MAX: Final = 64
BODY_BYTES_MAX: Final = 2 * 1024 * 1024
"""Two pictures of 170 kB are usual."""
PARTS_MAX: Final = 16
_END: Final = b"\r\n\r\n"


class Answer(IntEnum):
    OK = 200
    BAD_REQUEST = 400
    METHOD_NOT_ALLOWED = 405
    LENGTH_REQUIRED = 411
    TOO_LARGE = 413


_REASONS: Final[Mapping[Answer, str]] = {
    Answer.OK: "OK",
    Answer.BAD_REQUEST: "Bad Request",
    Answer.METHOD_NOT_ALLOWED: "Method Not Allowed",
    Answer.LENGTH_REQUIRED: "Length Required",
    Answer.TOO_LARGE: "Content Too Large",
}


@dataclass(frozen=True, slots=True)
class Request:
    content_type: str
    body: bytes


class Reading:
    """One visit: bytes in, until there is a request or a refusal."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._content_type = ""
        self._length: int | None = None
        self._over = False

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> Request | Answer | None:
        """The request, why there is none, or None until more has come. What follows either is not looked at."""
        if self._over:
            return None
        self._buffer += data
        outcome: Request | Answer | None = None
        if self._length is None:
            outcome = self._head()
        if outcome is None and self._length is not None and len(self._buffer) >= self._length:
            outcome = Request(self._content_type, bytes(self._buffer[: self._length]))
        if outcome is not None:
            self._over = True
            self._buffer.clear()
        return outcome

    def _head(self) -> Answer | None:
        end = self._buffer.find(_END)
        if end < 0 or end > HEAD_BYTES_MAX:
            return Answer.TOO_LARGE if len(self._buffer) > HEAD_BYTES_MAX else None
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + len(_END)]
        words = first.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or len(lines) > HEADERS_MAX:
            return Answer.BAD_REQUEST
        if words[0] not in (b"POST", b"PUT"):
            return Answer.METHOD_NOT_ALLOWED
        headers = _headers(lines)
        length = headers.get("content-length", "")
        if "transfer-encoding" in headers or not length.isascii() or not length.isdigit():
            return Answer.LENGTH_REQUIRED
        if len(length) > 9 or int(length) > BODY_BYTES_MAX:
            return Answer.TOO_LARGE
        self._content_type, self._length = headers.get("content-type", ""), int(length)
        return None


def answer(code: Answer) -> bytes:
    return f"HTTP/1.1 {code:d} {_REASONS[code]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("ascii")


def xml_of(request: Request) -> bytes | None:
    """The XML that a request carries, alone or as a part of a form; pictures are left out. None where there is none."""
    kind, _, parameters = request.content_type.partition(";")
    if "xml" in kind:
        return request.body
    if kind.strip().lower() != "multipart/form-data":
        return None
    boundary = _parameter(parameters, "boundary")
    return _xml_part(request.body, boundary.encode("latin-1", errors="replace")) if boundary else None


def _headers(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parameter(parameters: str, name: str) -> str:
    for piece in parameters.split(";"):
        key, _, value = piece.strip().partition("=")
        if key.lower() == name:
            return value.strip('"')
    return ""


def _xml_part(body: bytes, boundary: bytes) -> bytes | None:
    """The first part that is XML by its type or its name: names vary between models, `anpr.xml` is usual."""
    for part in body.split(b"--" + boundary, PARTS_MAX)[1:]:
        head, found, content = part.removeprefix(b"\r\n").partition(_END)
        headers = _headers(head.split(b"\r\n")[:HEADERS_MAX])
        named = headers.get("content-disposition", "").lower()
        if found and ("xml" in headers.get("content-type", "") or '.xml"' in named):
            return content.removesuffix(b"\r\n")
    return None
