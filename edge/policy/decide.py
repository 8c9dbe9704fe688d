"""What of head office's documents is taken, and what the outlet may set itself. Pure.

A document is taken whole or not at all: signed by the head office this box was enrolled at, canonical, meant for this outlet or
a level above it, newer than what is here, every key known and every value possible. Anything else is refused with a fact, which
head office gets to see, and what was in force stays in force.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import events as e
from edge.policy import model as m
from edge.policy import tables
from edge.policy.keys import Catalogue, Key, Layer, Level, Unacceptable, effective, refused_by
from edge.policy.model import Verdict, Wish
from edge.policy.tables import DocumentRow, PlaceRow, RequestRow
from sync.documents import digest, is_canonical, verify_document

Content = TypeVar("Content", bound=msgspec.Struct)
DETAIL_CHARS_MAX: Final = 200


class _Bad(Exception):
    """Why a document is refused: a stable code, and more for the technician."""

    def __init__(self, reason: str, detail: str = "", *, scope: str = "", version: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.scope, self.version = reason, detail[:DETAIL_CHARS_MAX], scope, version


# --- documents


@dataclass(frozen=True, slots=True)
class Held:
    """What is here already."""

    documents: Sequence[DocumentRow] = ()
    place: PlaceRow | None = None
    request: RequestRow | None = None
    """The one that an answer is to."""


def for_document(connection: Connection, command: m.ReceiveDocument, _context: Context) -> Held:
    request = None
    if command.kind == m.ANSWER:
        try:
            request = tables.request(connection, msgspec.json.decode(command.body, type=m.Answer).request)
        except (msgspec.DecodeError, UnicodeDecodeError):
            request = None  # `receive` will say what is wrong with it
    return Held(tables.documents(connection), tables.place(connection), request)


def receive(catalogue: Catalogue, held: Held, command: m.ReceiveDocument, context: Context) -> Sequence[Event]:
    try:
        return _taken(catalogue, held, command, context)
    except _Bad as bad:
        sha256, kind = digest(command.body), command.kind[:DETAIL_CHARS_MAX]
        refused = e.DocumentRefused(
            kind=kind, sha256=sha256, reason=bad.reason, scope=bad.scope, version=bad.version, detail=bad.detail
        )
        return [refused]


def _taken(catalogue: Catalogue, held: Held, command: m.ReceiveDocument, context: Context) -> Sequence[Event]:
    if not verify_document(command.key, command.kind, command.body, command.signature):
        raise _Bad("bad_signature")
    if not is_canonical(command.body):
        raise _Bad("not_canonical")
    match command.kind:
        case m.POLICY:
            return _policy(catalogue, held, command, context)
        case m.PLACE:
            return _placed(held, command)
        case m.ANSWER:
            return _answered(held, command)
        case _:
            raise _Bad("unknown_kind")


def _policy(catalogue: Catalogue, held: Held, command: m.ReceiveDocument, context: Context) -> Sequence[Event]:
    document = _decoded(command.body, m.Document)
    sha256 = digest(command.body)
    bad = partial(_Bad, scope=document.scope, version=document.version)
    if document.scope not in _meant_for(held.place):
        raise bad("foreign_scope", document.scope)
    here = [one for one in held.documents if one.scope == document.scope]
    if any(one.version == document.version and one.sha256 != sha256 for one in here):
        raise bad("version_reused")
    if any(one.version >= document.version for one in here):
        return ()
    for name, entry in document.values.items():
        _check(catalogue.get(name), name, entry, document)
    now_ms = context.now_ms
    valid_from_ms = now_ms if document.valid_from is None else int(document.valid_from.timestamp() * 1000)
    accepted = e.DocumentAccepted(
        scope=document.scope,
        version=document.version,
        valid_from_ms=valid_from_ms,
        sha256=sha256,
        document=command.body.decode(),
        signature=command.signature.hex(),
    )
    return [accepted] if valid_from_ms > now_ms else [accepted, _applied(document.scope, document.version, sha256)]


def _check(key: Key[Any] | None, name: str, entry: m.Entry, document: m.Document) -> None:
    bad = partial(_Bad, scope=document.scope, version=document.version)
    if key is None:
        raise bad("unknown_policy", name)
    if document.level.below(key.lowest):
        raise bad("not_of_this_level", name)
    if len(msgspec.json.encode(entry.value)) > m.VALUE_BYTES_MAX:
        raise bad("value_too_large", name)
    try:
        key.accept(entry.value)
    except Unacceptable as error:
        raise bad("invalid_policy_value", f"{name}: {error}") from error


def _meant_for(place: PlaceRow | None) -> set[str]:
    """The scopes of this outlet's ancestry."""
    return {m.HEAD_OFFICE_SCOPE} | ({m.region_scope(place.region)} if place else set())


def _placed(held: Held, command: m.ReceiveDocument) -> Sequence[Event]:
    place = _decoded(command.body, m.Place)
    if place.branch != command.branch:
        raise _Bad("foreign_scope", place.branch)
    if held.place is not None and held.place.version >= place.version:
        return ()
    return [e.RegionAssigned(region=place.region, name=place.name, version=place.version)]


def _answered(held: Held, command: m.ReceiveDocument) -> Sequence[Event]:
    answer = _decoded(command.body, m.Answer)
    if answer.branch != command.branch:
        raise _Bad("foreign_scope", answer.branch)
    if held.request is None:
        raise _Bad("unknown_request", answer.request)
    if held.request.state == ("approved" if answer.approved else "denied"):
        return ()
    return [e.RequestAnswered(request=answer.request, approved=answer.approved, by=answer.by, reason=answer.reason)]


def _decoded(body: bytes, kind: type[Content]) -> Content:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Bad("malformed", str(error)) from error


def _applied(scope: str, version: int, sha256: str) -> Event:
    level = Level.HEAD_OFFICE if scope == m.HEAD_OFFICE_SCOPE else Level.REGION
    return e.DocumentApplied(scope=scope, version=version, level=level, sha256=sha256)


def verdict(_connection: Connection, _held: Held, events: Sequence[Event], _context: Context) -> Verdict:
    refused = next((event.reason for event in events if isinstance(event, e.DocumentRefused)), None)
    return Verdict(refused or ("taken" if events else "known"))


def for_due(connection: Connection, _command: m.ApplyDue, _context: Context) -> list[DocumentRow]:
    return [one for one in tables.documents(connection) if one.state == "waiting"]


def apply_due(waiting: list[DocumentRow], _command: m.ApplyDue, context: Context) -> Sequence[Event]:
    """Of each scope the newest that has become valid; one that was overtaken is never in force."""
    newest = {one.scope: one for one in reversed(waiting) if one.valid_from_ms <= context.now_ms}
    return [_applied(one.scope, one.version, one.sha256) for one in newest.values()]


# --- the outlet's own


class Standing(NamedTuple):
    """What is said about one key."""

    key: Key[Any] | None
    layers: Sequence[Layer] = ()
    pending: int = 0
    """Requests that wait for an answer."""
    asked: RequestRow | None = None
    """The one for this key that does."""
    wrong: Rejected | None = None
    """Why this outlet cannot have the wished value, in the words of the room whose key it is."""


Review = Callable[[Connection, Any], None]
"""A room's own look at a value that the outlet wishes. Raises Rejected or Unacceptable."""


@dataclass(frozen=True, slots=True)
class Look:
    """Reads what is said about a key."""

    catalogue: Catalogue
    reviews: Mapping[str, Review]

    def for_wish(self, connection: Connection, command: m.SetValue, context: Context) -> Standing:
        standing = self.for_value(connection, command, context)
        review = self.reviews.get(command.policy)
        if review is not None and _is_small(command.value):
            try:
                review(connection, command.value)
            except Rejected as refusal:
                return standing._replace(wrong=refusal)
            except Unacceptable as error:
                return standing._replace(wrong=_unacceptable(command.policy, error))
        return standing

    def for_value(self, connection: Connection, command: m.SetValue | m.ClearValue, _context: Context) -> Standing:
        key = self.catalogue.get(command.policy)
        pending = [one for one in tables.requests(connection) if one.state == "pending"]
        asked = next((one for one in pending if one.policy == command.policy), None)
        return Standing(key, tables.layers(connection, command.policy), len(pending), asked)


def _is_small(value: Any) -> bool:
    return len(msgspec.json.encode(value)) <= m.VALUE_BYTES_MAX


def _unacceptable(policy: str, error: Unacceptable) -> Rejected:
    return Rejected("invalid_policy_value", policy=policy, reason=str(error)[:DETAIL_CHARS_MAX])


def set_value(standing: Standing, command: m.SetValue, context: Context) -> Sequence[Event]:
    """Set it, or store the wish as a request to the level that holds it: nothing is dropped in silence (S26). Asking for
    the same again is one request."""
    key = _known(standing)
    if not _is_small(command.value):
        raise Rejected("invalid_policy_value", policy=key.name)
    if standing.wrong is not None:
        raise standing.wrong
    try:
        key.accept(command.value)
    except Unacceptable as error:
        raise _unacceptable(key.name, error) from error
    if key.own_at and effective(key, standing.layers).locked_by is None:
        raise Rejected("policy_set_elsewhere", policy=key.name, at=key.own_at)
    level = Level.TEMPORARY if command.temporary else Level.OUTLET
    holder = refused_by(key, standing.layers, level, command.value)
    if holder is not None:
        if standing.asked is not None and msgspec.json.decode(standing.asked.value) == command.value:
            return ()
        if standing.pending >= m.REQUESTS_PENDING_MAX:
            raise Rejected("too_many_requests_pending", requests_max=m.REQUESTS_PENDING_MAX)
        asked = e.OverrideRequested(
            request=context.new_id(), policy=key.name, value=command.value, held_by=holder, reason=command.reason
        )
        return [asked]
    before = effective(key, standing.layers).value
    return [e.ValueSet(policy=key.name, level=level, value=command.value, before=before, reason=command.reason)]


def clear_value(standing: Standing, command: m.ClearValue, _context: Context) -> Sequence[Event]:
    key = _known(standing)
    level = Level.TEMPORARY if command.temporary else Level.OUTLET
    if level not in {layer.level for layer in standing.layers}:
        return ()
    return [e.ValueCleared(policy=key.name, level=level)]


def _known(standing: Standing) -> Key[Any]:
    if standing.key is None:
        raise Rejected("unknown_policy")
    return standing.key


def wish(_connection: Connection, standing: Standing, events: Sequence[Event], _context: Context) -> Wish:
    for event in events:
        return Wish(event.held_by, event.request) if isinstance(event, e.OverrideRequested) else Wish()
    return Wish() if standing.asked is None else Wish(standing.asked.held_by, standing.asked.id)


def handlers(catalogue: Catalogue, reviews: Mapping[str, Review]) -> dict[type[Command], Handler]:
    """With the keys of all rooms: this room knows none of them itself."""
    look = Look(catalogue, reviews)
    return {
        m.ReceiveDocument: Handler(for_document, partial(receive, catalogue), verdict),
        m.ApplyDue: Handler(for_due, apply_due),
        m.SetValue: Handler(look.for_wish, set_value, wish),
        m.ClearValue: Handler(look.for_value, clear_value),
    }
