"""The device contract: what every driver is to the rest of Branchbox, whatever hangs on its wire.

Its words are those of XFS4IoT (CEN's device interface for bank branches), so that a technician who knows one knows the
other, and so that a vendor's own service can be put in a driver's place. It is XFS4IoT-*style*: nothing here has been
certified, and where XFS4IoT has no word (a print whose fate is unknown) we have our own.

Theory of operation:

* A command is executed as **command → acknowledge → events → completion**. `Device.execute` is all four: the acknowledge
  and the events arrive at `on_event`, the completion is what it returns.
* A device does one command at a time, in order of arrival. The queue before it is bounded.
* `on_event` is awaited. A driver reports `Started` and waits *before* the first byte of a command that cannot be taken
  back, so the caller can commit "sending" to disk first. If `on_event` raises there, nothing is sent.
* A completion never guesses. `Outcome` says what is true in the world: done, held (nothing left the box), unknown (some
  of it left the box and nobody can say what became of it), cleared (it left, and the device confirmed dropping it).
* A device that is not there is no exception: `execute` completes with `deviceNotReady` and `Outcome.HELD`.
* Between commands a device tells of itself by unsolicited events to its subscribers.

This file must never know a family: commands and events of printers live in `drivers.interfaces.printer`, and so on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from drivers.trace import Trace


class DeviceStatus(StrEnum):
    """XFS4IoT `common.device`."""

    ONLINE = "online"
    OFFLINE = "offline"
    POWER_OFF = "powerOff"
    NO_DEVICE = "noDevice"
    HARDWARE_ERROR = "hardwareError"
    USER_ERROR = "userError"
    """A person at the device can put it right: close the cover, load paper."""
    DEVICE_BUSY = "deviceBusy"
    STARTING = "starting"


class PaperStatus(StrEnum):
    """XFS4IoT `printer.paper`."""

    FULL = "full"
    LOW = "low"
    OUT = "out"
    JAMMED = "jammed"
    UNKNOWN = "unknown"


class MediaStatus(StrEnum):
    """XFS4IoT `cardReader.media` and `printer.media`: the customer's card, book or sheet, as it lies in the device."""

    PRESENT = "present"
    NOT_PRESENT = "notPresent"
    ENTERING = "entering"
    """At the slot, where its owner can still take it."""
    JAMMED = "jammed"
    UNKNOWN = "unknown"


class SupplyKind(StrEnum):
    """What a device uses up or fills, besides paper; after XFS4IoT `printer.toner`, `retractBins`, `cardReader.retainBin`."""

    RIBBON = "ribbon"
    TONER = "toner"
    RETAIN_BIN = "retainBin"
    BATTERY = "battery"
    SIM_CREDIT = "simCredit"


class SupplyLevel(StrEnum):
    OK = "ok"
    LOW = "low"
    """Somebody should see to it today: a bin nearly full, a ribbon nearly used up."""
    OUT = "out"
    UNKNOWN = "unknown"


class CompletionCode(StrEnum):
    """XFS4IoT `header.completionCode`, the ones a driver can give."""

    SUCCESS = "success"
    COMMAND_ERROR_CODE = "commandErrorCode"
    CANCELED = "canceled"
    DEVICE_NOT_READY = "deviceNotReady"
    HARDWARE_ERROR = "hardwareError"
    INTERNAL_ERROR = "internalError"
    INVALID_DATA = "invalidData"
    SEQUENCE_ERROR = "sequenceError"
    TIME_OUT = "timeOut"
    UNSUPPORTED_COMMAND = "unsupportedCommand"


class ErrorCode(StrEnum):
    """XFS4IoT `payload.errorCode`, and below the line our own."""

    PAPER_OUT = "paperOut"
    PAPER_JAMMED = "paperJammed"
    MEDIA_JAM = "mediaJam"
    """The customer's card or book is stuck."""
    NO_MEDIA = "noMedia"
    INVALID_MEDIA = "invalidMedia"
    """What was inserted, swiped or laid is not what this device can read."""
    SHUTTER_FAIL = "shutterFail"
    RETAIN_BIN_FULL = "retainBinFull"
    RIBBON_OUT = "ribbonOut"
    KEY_NOT_FOUND = "keyNotFound"
    ACCESS_DENIED = "accessDenied"
    READ_FAIL = "readFail"
    """The card was not read: it was taken away too soon, laid askew, or is worn."""
    CARD_NOT_GENUINE = "cardNotGenuine"
    """Card and security module do not recognise each other, or the card's data does not bear its own signature."""
    SECURITY_MODULE = "securityModule"
    """The reader's security module is broken or not licensed; only its maker can help."""
    GARBLED = "garbled"
    """Box and device do not understand each other: a bad cable, or a model other than the profile's."""
    COVER_OPEN = "coverOpen"
    FLUSH_FAIL = "flushFail"
    CHAR_SET_DATA = "charSetData"
    # Ours, for what XFS4IoT leaves to the acknowledge or does not know.
    TOO_MANY_REQUESTS = "tooManyRequests"
    CLAIMED = "claimed"
    NOT_CONNECTED = "notConnected"
    CONNECTION_LOST = "connectionLost"
    NO_ANSWER = "noAnswer"
    BUFFER_LOST = "bufferLost"
    """The device answers, yet has forgotten what it was sent: it was restarted in between."""
    OVERHEATED = "overheated"
    HOST_NOT_READY = "hostNotReady"
    """The device that this one hangs behind is not ready; what is wrong is said there."""
    SWITCHED_OFFLINE = "switchedOffline"
    """It says it is offline and not why: somebody holds its button, or it is busy with itself."""
    STANDS_STILL = "standsStill"
    """It has stopped and has no way of saying why: its cover, its paper, a jam."""
    DEVICE_FAULT = "deviceFault"
    """The device reports a fault that only service can mend."""
    SIM_MISSING = "simMissing"
    SIM_LOCKED = "simLocked"
    """The SIM card wants its PIN, or is blocked."""
    NO_NETWORK = "noNetwork"
    """No network takes this modem now; it may later."""
    NUMBER_REFUSED = "numberRefused"
    """The network says that nothing can be sent to this number."""
    QUARANTINED = "quarantined"
    """The driver failed too often in a row and rests."""


class Outcome(StrEnum):
    """What became of a command in the world. Not in XFS4IoT, which has no word for doubt."""

    DONE = "done"
    HELD = "held"
    """Nothing left the box. The same command may be given again."""
    UNKNOWN = "unknown"
    """At least one byte left the box, and nobody can say what came of it. Never repeat it unmarked."""
    CLEARED = "cleared"
    """It left the box, and the device confirmed dropping the unfinished rest. A whole repeat is safe."""


class Proof(StrEnum):
    """How a device showed that a command is done, strongest first."""

    PROCESS_ID = "processId"
    """It named the job after the job had physically ended."""
    ANSWER = "answer"
    """It answered this very command: with what was read, or with its word that it is done."""
    ORDERED_STATUS = "orderedStatus"
    """It answered a question asked behind the job, and had no complaint then: weak."""
    WRITTEN = "written"
    """It was handed to a wire without a way back, a display on a bus: as much as anybody can know."""


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="name"):
    """A wish to a device. The tag is the XFS4IoT-style name, `Printer.PrintForm`."""


def names_of(*commands: type[Command]) -> tuple[str, ...]:
    """What they are called, in order of their names: for `Capabilities`."""
    return tuple(sorted(str(command.__struct_config__.tag) for command in commands))


class Payload(msgspec.Struct, frozen=True, kw_only=True, tag_field="name"):
    """What a command brought back: the payload of an XFS4IoT completion. Tagged with the command's name."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="name"):
    """Something a device tells, within a command (to `on_event`) or unsolicited (to subscribers)."""


class Acknowledged(Event, frozen=True, kw_only=True, tag="Common.Acknowledged"):
    """The command is accepted and waits its turn."""

    request_id: int


class Started(Event, frozen=True, kw_only=True, tag="Common.Started"):
    """The next thing to happen is the first byte that cannot be taken back."""

    request_id: int


class Held(Event, frozen=True, kw_only=True, tag="Common.Held"):
    """The device stopped in the middle and keeps the rest; it goes on when a person has helped."""

    request_id: int
    error: ErrorCode


class Resumed(Event, frozen=True, kw_only=True, tag="Common.Resumed"):
    request_id: int


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with one thing a device uses up or fills."""

    kind: SupplyKind
    level: SupplyLevel


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A device's own word on itself, as fresh as the last poll or push."""

    device: DeviceStatus
    error: ErrorCode | None = None
    """Why it is not online, where that is known: the key of a text a clerk understands."""
    paper: PaperStatus | None = None
    """Only of devices that have paper."""
    media: MediaStatus | None = None
    """Only of devices that take in a customer's card, book or sheet."""
    supplies: tuple[Supply, ...] = ()

    def unreachable(self, error: ErrorCode) -> "Status":
        """What is left of it once nobody answers: the same kinds of things, and nothing known of them."""
        return Status(
            device=DeviceStatus.OFFLINE,
            error=error,
            paper=self.paper and PaperStatus.UNKNOWN,
            media=self.media and MediaStatus.UNKNOWN,
            supplies=tuple(Supply(kind=supply.kind, level=SupplyLevel.UNKNOWN) for supply in self.supplies),
        )


class StatusChanged(Event, frozen=True, kw_only=True, tag="Common.StatusChangedEvent"):
    status: Status


class Noise(Event, frozen=True, kw_only=True, tag="Common.Noise"):
    """Bytes that no message of the protocol explains. Never skipped in silence; the content stays in the trace."""

    data: bytes


class StaleReply(Event, frozen=True, kw_only=True, tag="Common.StaleReply"):
    """A well-formed answer to a question that nobody is asking any more."""

    data: bytes


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind the wire, from its profile and from what it said of itself."""

    family: str
    model: str
    serial_number: str | None = None
    firmware: str | None = None
    commands: tuple[str, ...]
    """The command names it can execute."""
    proof: Proof | None = None
    """The strongest proof it can give that a command is done."""
    verified: str = "emulated"
    """How well its profile is known: emulated, capture or hardware. Shown to the technician."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The last word on one command."""

    request_id: int
    code: CompletionCode
    outcome: Outcome
    error: ErrorCode | None = None
    proof: Proof | None = None
    detail: str = ""
    """For the log, in English; never personal data."""
    payload: Payload | None = None
    """Of commands that bring something back, once done."""

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE


@dataclass
class Counts:
    """What a device has been through since its driver was made."""

    since_s: float | None = None
    """Loop time of the first attempt to connect; None before it."""
    commands: int = 0
    failures: int = 0
    """Commands that did not end well and were not cancelled by whoever gave them."""
    connections: int = 0
    noise: int = 0
    last_error: ErrorCode | None = None
    last_error_s: float = 0.0
    """Loop time of it."""

    def note(self, completion: Completion, at_s: float) -> None:
        self.commands += 1
        self.failures += not completion.done and completion.code is not CompletionCode.CANCELED
        if completion.error is not None:
            self.wrong(completion.error, at_s)

    def wrong(self, error: ErrorCode, at_s: float) -> None:
        self.last_error, self.last_error_s = error, at_s


class DeviceError(Exception):
    """A device could not be reached, opened or understood. The code is stable."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail


OnEvent = Callable[[Event], Awaitable[None]]
Listener = Callable[[Event], None]
"""A subscriber to unsolicited events. It is called on the event loop, returns at once and does not raise."""
Unsubscribe = Callable[[], None]


class Claim(Protocol):
    """A device held for one owner. While it lives, commands without it complete with `claimed`."""

    @property
    def owner(self) -> str: ...

    def release(self) -> None: ...


class Device(Protocol):
    """One device. The object lives as long as the configuration names it; its connection comes and goes."""

    @property
    def id(self) -> str: ...

    @property
    def waiting(self) -> int:
        """Commands accepted and not yet completed."""
        ...

    async def open(self) -> None:
        """Connect and make sure that the expected device answers. Raises `DeviceError`."""
        ...

    async def wait_lost(self) -> DeviceError | None:
        """Wait until the connection ends; None where `close` ended it. Whatever broke the driver itself is raised."""
        ...

    async def close(self) -> None:
        """Disconnect. A command under way completes first, as unknown where its first byte has left."""
        ...

    async def execute(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_event: OnEvent | None = None,
        claim: Claim | None = None,
    ) -> Completion:
        """Do it and say what became of it. `timeout_s` counts from acceptance; None waits until cancelled."""
        ...

    def cancel(self, request_id: int | None = None) -> int:
        """Ask for the end of one command, or of all. How many were asked; each still gets its completion."""
        ...

    def claim(self, owner: str) -> Claim:
        """Take the device for one owner. Raises `DeviceError(claimed)`."""
        ...

    def subscribe(self, listener: Listener) -> Unsubscribe: ...

    def status(self) -> Status: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def trace(self) -> Trace: ...

    def capabilities(self) -> Capabilities: ...
