"""The Sms interface: text messages through a modem with a SIM card of its own. XFS4IoT has no class for it; same envelope.

A message costs money and a customer's patience, so one is never sent twice: what left the box without the network's word for
it is `unknown` and stays so. "Sent" is the network's word that it took the message; that the phone has it is told later, by
`Delivered`, where the network reports it. Numbers and texts are personal: they are never in an event, a trace or a repr.
"""

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event, Payload

TEXT_CHARS_MAX = 670
"""Ten parts of 67 UCS-2 characters."""
_NUMBER = re.compile(r"\+?[0-9]{3,20}")


class Send(Command, frozen=True, kw_only=True, tag="Sms.Send"):
    """Send one message, in as many parts as it takes; completed with `Sent`."""

    to: str
    """Digits, with `+` and the country where it is not this one's."""
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_CHARS_MAX)]
    report: bool = True
    """Ask the network to tell when the phone has it."""
    valid_min: Annotated[int, msgspec.Meta(ge=5, le=720)] | None = None
    """The network gives up on a phone that is switched off after so many minutes, in steps of five."""

    def __post_init__(self) -> None:
        if _NUMBER.fullmatch(self.to) is None:
            raise ValueError("a phone number is 3 to 20 digits")
        if not 1 <= len(self.text) <= TEXT_CHARS_MAX:
            raise ValueError(f"a message has 1 to {TEXT_CHARS_MAX} characters")

    def __repr__(self) -> str:
        return f"Send(to='{masked(self.to)}', text=<{len(self.text)} characters>)"

    __str__ = __repr__


def masked(number: str) -> str:
    """`138****0001`: enough to recognise one's own."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else "****"


class Sent(Payload, frozen=True, kw_only=True, tag="Sms.Send"):
    references: tuple[int, ...]
    """The network's number of each part, 0 to 255, which `Delivered` will name."""


class Delivery(StrEnum):
    DELIVERED = "delivered"
    PENDING = "pending"
    """The network still tries."""
    FAILED = "failed"


class Delivered(Event, frozen=True, kw_only=True, tag="Sms.DeliveredEvent"):
    """What the network says became of one part."""

    reference: int
    delivery: Delivery


class Registration(StrEnum):
    """3GPP TS 27.007, +CREG."""

    NONE = "none"
    HOME = "home"
    SEARCHING = "searching"
    DENIED = "denied"
    UNKNOWN = "unknown"
    ROAMING = "roaming"


class Network(Event, frozen=True, kw_only=True, tag="Sms.NetworkEvent"):
    """How the modem hears its network, told where it changed."""

    registration: Registration
    signal_dbm: int | None
    """-113 to -51; None where the modem does not know."""


class GetNetwork(Command, frozen=True, kw_only=True, tag="Sms.GetNetwork"):
    """Ask for SIM card, signal and network now; completed with `NetworkFound`. Sends nothing."""


class NetworkFound(Payload, frozen=True, kw_only=True, tag="Sms.GetNetwork"):
    registration: Registration
    signal_dbm: int | None


SmsCommand = Send | GetNetwork
