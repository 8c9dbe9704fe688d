"""Commands, events and completions as JSON, in the envelope of XFS4IoT: between our processes, and with programs on the LAN.

    {"header": {"name": "Printer.PrintForm", "type": "command", "requestId": 7, "version": "1.0", "timeout": 15000},
     "payload": {"processId": "0042", "document": {…}}}

The words are the Structs of `drivers.interfaces`; nothing is written down twice. Names become camelCase, bytes base64, and
what XFS4IoT does not know (`outcome`, `proof`) stands in a completion's payload beside `errorCode`. It is XFS4IoT-*style*:
nothing has been tested against anybody's tools.

What belongs to a person (`drivers.confidential`) is written as its mask. Between a driver's process and the branch, which are
one program, it is written whole: `Privacy.WHOLE`, for a pipe that nobody else holds an end of.

Sans I/O. Source: XFS4IoT (CWA 17852), message header.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from drivers import api, interfaces
from drivers.api import Command, Completion, CompletionCode, ErrorCode, Event, Outcome, Payload, Proof
from drivers.confidential import Confidential, Opaque
from drivers.interfaces import cash_drawer, firmware

VERSION: Final = "1.0"
MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A slip of fifteen full pictures, in base64."""
LINE_END: Final = b"\n"
"""On a wire of bytes each message is a line; JSON has no other."""
REQUESTS_MAX: Final = 2**31 - 1


class EnvelopeError(Exception):
    """Not a message that is understood; the text says why and holds nothing of its content."""


class Privacy(Enum):
    """How what belongs to a person is written."""

    MASKED = auto()
    WHOLE = auto()


class Kind(StrEnum):
    """XFS4IoT `header.type`."""

    COMMAND = "command"
    ACKNOWLEDGE = "acknowledge"
    EVENT = "event"
    COMPLETION = "completion"
    UNSOLICITED = "unsolicited"


class Header(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    name: str
    type: Kind
    request_id: int | None = None
    version: str = msgspec.field(default_factory=lambda: VERSION)
    timeout: int | None = None
    """Milliseconds; absent or 0 is without end."""
    status: str | None = None
    """Of an acknowledge: absent where the command was accepted."""
    completion_code: CompletionCode | None = None
    error_description: str | None = None
    device: str | None = None
    """Ours: which device, where one line carries several."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    header: Header
    payload: dict[str, Any] | None = None


T = TypeVar("T")


def encode(message: Message) -> bytes:
    """One line of JSON, without its end."""
    return msgspec.json.encode(message)


def decode(data: bytes | str) -> Message:
    """Raises `EnvelopeError`."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise EnvelopeError(f"longer than {MESSAGE_BYTES_MAX} bytes")
    try:
        message = msgspec.json.decode(data, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnvelopeError(_shape(error)) from None
    if message.header.request_id is not None and not 0 < message.header.request_id <= REQUESTS_MAX:
        raise EnvelopeError("requestId is out of range")
    return message


class Vocabulary:
    """The words of one interface, and those common to all."""

    def __init__(self, *modules: ModuleType) -> None:
        self.modules = modules
        found = [one for module in (api, *modules) for one in vars(module).values() if isinstance(one, type)]
        self.commands = _tagged(found, Command)
        self.events = _tagged(found, Event)
        self.payloads = _tagged(found, Payload)

    def command(self, message: Message) -> Command:
        """Raises `EnvelopeError`."""
        return _read(self.commands, message.header.name, message.payload)

    def event(self, message: Message) -> Event:
        """Raises `EnvelopeError`."""
        return _read(self.events, message.header.name, message.payload)

    def completion(self, message: Message) -> Completion:
        """Raises `EnvelopeError`."""
        rest = dict(message.payload or {})
        ours = {"error": rest.pop("errorCode", None), "proof": rest.pop("proof", None), "outcome": rest.pop("outcome", None)}
        payload = self.payloads.get(message.header.name)
        brought = _read(self.payloads, message.header.name, rest) if rest and payload is not None else None
        header = message.header
        if header.completion_code is None or header.request_id is None:
            raise EnvelopeError("a completion has a code and a request")
        done = header.completion_code is CompletionCode.SUCCESS
        try:
            return Completion(
                request_id=header.request_id,
                code=header.completion_code,
                # Somebody else's service knows no outcome: what it did not do may have been begun.
                outcome=msgspec.convert(ours["outcome"] or (Outcome.DONE if done else Outcome.UNKNOWN), Outcome),
                error=msgspec.convert(ours["error"], ErrorCode | None),
                proof=msgspec.convert(ours["proof"], Proof | None),
                detail=header.error_description or "",
                payload=brought,
            )
        except msgspec.ValidationError as error:
            raise EnvelopeError(_shape(error)) from None


def command_message(command: Command, request_id: int, *, timeout_s: float | None, privacy: Privacy) -> Message:
    """A command on its way to a device."""
    timeout = None if timeout_s is None else max(1, round(timeout_s * 1000))
    name, payload = _written(command, privacy)
    return Message(header=Header(name=name, type=Kind.COMMAND, request_id=request_id, timeout=timeout), payload=payload)


def event_message(event: Event, request_id: int | None, *, privacy: Privacy) -> Message:
    """Within a command where there is a request, unsolicited where there is none."""
    name, payload = _written(event, privacy)
    kind = Kind.UNSOLICITED if request_id is None else Kind.EVENT
    return Message(header=Header(name=name, type=kind, request_id=request_id), payload=payload)


def completion_message(name: str, completion: Completion, request_id: int, *, privacy: Privacy) -> Message:
    """The last word on the command called `name`."""
    payload = {} if completion.payload is None else _written(completion.payload, privacy)[1]
    payload["outcome"] = completion.outcome
    for key, value in (("errorCode", completion.error), ("proof", completion.proof)):
        if value is not None:
            payload[key] = value
    header = Header(
        name=name,
        type=Kind.COMPLETION,
        request_id=request_id,
        completion_code=completion.code,
        error_description=completion.detail or None,
    )
    return Message(header=header, payload=payload)


def acknowledge_message(name: str, request_id: int | None, status: str | None = None) -> Message:
    """XFS4IoT: no status means accepted."""
    return Message(header=Header(name=name, type=Kind.ACKNOWLEDGE, request_id=request_id, status=status))


def body(value: object, privacy: Privacy) -> Any:
    """Any Struct of ours as the envelope writes it, `Status` and `Capabilities` for example."""
    written = msgspec.to_builtins(value, enc_hook=_HOOKS[privacy])
    return _renamed(written, inspect.type_info(type(value)), wire=True)


def read_body(content: Any, kind: type[T]) -> T:
    """A Struct of ours from what `body` wrote. Raises `EnvelopeError`."""
    try:
        return msgspec.convert(_renamed(content, inspect.type_info(kind), wire=False), kind, dec_hook=_close)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise EnvelopeError(_shape(error)) from None


def name_of(word: msgspec.Struct) -> str:
    """`Printer.PrintForm`."""
    return str(word.__struct_config__.tag)


def _tagged(found: list[type], base: type[T]) -> Mapping[str, type[T]]:
    words = {name: one for one in found if issubclass(one, base) and (name := _tag(one))}
    return MappingProxyType({name: word for name, word in words.items() if "." in name})  # a base has no interface in its name


def _tag(word: type) -> str:
    return str(word.__struct_config__.tag) if issubclass(word, msgspec.Struct) else ""


def _read(words: Mapping[str, type[T]], name: str, payload: dict[str, Any] | None) -> T:
    if name not in words:
        raise EnvelopeError("an unknown name")
    return read_body({**(payload or {}), "name": name}, words[name])


def _written(word: msgspec.Struct, privacy: Privacy) -> tuple[str, dict[str, Any]]:
    content = body(word, privacy)
    return content.pop("name"), content


def _masked(value: object) -> object:
    if isinstance(value, Confidential):
        return value.masked
    if isinstance(value, Opaque):
        return ""
    raise TypeError(type(value).__name__)


def _whole(value: object) -> object:
    if isinstance(value, Confidential):
        return value.reveal()
    if isinstance(value, Opaque):
        return msgspec.to_builtins(value.reveal())
    raise TypeError(type(value).__name__)


_HOOKS: Final = MappingProxyType({Privacy.MASKED: _masked, Privacy.WHOLE: _whole})


def _close(kind: type, content: object) -> object:
    if issubclass(kind, Confidential) and isinstance(content, str):
        return kind(content)
    if issubclass(kind, Opaque):
        return kind(msgspec.convert(content, bytes))
    raise TypeError(kind.__name__)


def _renamed(value: Any, kind: inspect.Type, *, wire: bool) -> Any:
    """The same with the keys of Structs in the other spelling: camelCase for the wire, snake_case from it."""
    match kind:
        case inspect.Metadata(type=inner):
            return _renamed(value, inner, wire=wire)
        case inspect.UnionType():
            return _renamed(value, _member(value, kind), wire=wire)
        case inspect.StructType(cls=cls) if isinstance(value, dict):
            fields = _spellings(cls, wire=wire)
            return {fields[key][0]: _renamed(one, fields[key][1], wire=wire) for key, one in value.items() if key in fields}
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item) if isinstance(value, list | tuple):
            return [_renamed(one, item, wire=wire) for one in value]
        case inspect.DictType(value_type=inner) if isinstance(value, dict):
            return {key: _renamed(one, inner, wire=wire) for key, one in value.items()}
        case _:
            return value


def _member(value: Any, union: inspect.UnionType) -> inspect.Type:
    """Which member of a union a value is of: the Struct whose tag it bears, or the only one that could hold its keys."""
    structs = [one for one in union.types if isinstance(one, inspect.StructType)]
    for one in structs:
        if isinstance(value, dict) and one.tag_field is not None and value.get(one.tag_field) == one.tag:
            return one
    holders = structs if isinstance(value, dict) else [one for one in union.types if not isinstance(one, inspect.NoneType)]
    return holders[0] if holders else inspect.AnyType()


@cache
def _spellings(cls: type[msgspec.Struct], *, wire: bool) -> Mapping[str, tuple[str, inspect.Type]]:
    """Each key of a Struct in one spelling, with the other spelling and its type. The tag is spelt alike in both."""
    kind = inspect.type_info(cls)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(cls.__name__)
    pairs = {(field.encode_name, _camel(field.encode_name)): field.type for field in kind.fields}
    if kind.tag_field is not None:
        pairs[kind.tag_field, kind.tag_field] = inspect.AnyType()
    return MappingProxyType({pair[not wire]: (pair[wire], type_) for pair, type_ in pairs.items()})


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _shape(error: Exception) -> str:
    """What is wrong, without the content: msgspec's own texts name keys and types only."""
    return (
        str(error)
        if isinstance(error, msgspec.ValidationError)
        else "not JSON"
        if isinstance(error, msgspec.DecodeError)
        else type(error).__name__
    )


MODULES: Final[Mapping[str, ModuleType]] = MappingProxyType(
    {one.name: import_module(f"{interfaces.__name__}.{one.name}") for one in iter_modules(interfaces.__path__)}
)
"""Every interface, by the name of its module: the folder is the list."""


@cache
def vocabulary(family: str, interface: str) -> Vocabulary:
    """What is spoken with devices of a family: the words of the interface called as the family is, or as its manifest says
    (`CardReader`). Raises `EnvelopeError` for an interface that there is not."""
    spelt = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in interface).lstrip("_")
    module = MODULES.get(family) or MODULES.get(spelt)
    if module is None:
        raise EnvelopeError(f"no words for {family}, {interface}")
    return Vocabulary(module)


def inner_vocabulary(family: str, interface: str) -> Vocabulary:
    """What the branch itself speaks with such a device: the same, and what no other program may do, which is to update firmware
    and to open the drawer behind a printer. Raises `EnvelopeError`."""
    words = vocabulary(family, interface)
    return Vocabulary(firmware, cash_drawer, *words.modules)
