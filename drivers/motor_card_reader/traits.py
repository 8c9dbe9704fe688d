"""What differs between models of motorised readers: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Milliseconds, Section

Code = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2}){2,16}$")]
"""Command, parameter and data in hex."""


class MotorTraits(Section, frozen=True, kw_only=True):
    dialect: Literal["sankyo", "crt", "crt_f2"]
    admit: bool = True
    """Takes cards from the start. Otherwise it waits for `Admit`."""
    accept_ms: Milliseconds = 300
    """It says that it has a command within this, or is told again."""
    tries: Annotated[int, msgspec.Meta(ge=1, le=9)] = 9
    reply_ms: Milliseconds = 20_000
    """Moving a card and reading it take up to this long."""
    codes: dict[str, Code] = msgspec.field(default_factory=dict)
    """Where a model says an operation otherwise than its dialect; the names are those of `codec.Verb`."""
