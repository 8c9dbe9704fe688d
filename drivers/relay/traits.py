"""What differs between relays and what hangs on them: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section

Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2}){1,32}$")]
Number = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class ModbusRelay(Section, frozen=True, kw_only=True):
    """A Modbus RTU slave with coils, and perhaps inputs."""

    slave: Annotated[int, msgspec.Meta(ge=1, le=247)] = 1
    coil: Number = 0
    contact: Number | None = None
    """The input that tells whether it is open; None: there is no contact."""
    contact_when_open: bool = True
    """What the input says then."""


class PlainRelay(Section, frozen=True, kw_only=True):
    """A relay that obeys fixed bytes and says nothing back."""

    on: Hex
    off: Hex


class RelayTraits(Section, frozen=True, kw_only=True):
    serves: Literal["barrier", "drawer"]
    modbus: ModbusRelay | None = None
    plain: PlainRelay | None = None
    pulse_ms: Annotated[int, msgspec.Meta(ge=50, le=5_000)] = 500
    """So long the relay is closed."""
    move_ms: Annotated[int, msgspec.Meta(ge=0, le=30_000)] = 5_000
    """Within this the contact says that it is open."""
    echo: bool = False
    """The adapter hears itself."""

    def __post_init__(self) -> None:
        if (self.modbus is None) == (self.plain is None):
            raise ValueError("a relay is either a Modbus slave or obeys plain bytes")

    @property
    def has_contact(self) -> bool:
        return self.modbus is not None and self.modbus.contact is not None
