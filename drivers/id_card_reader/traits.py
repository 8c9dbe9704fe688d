"""What differs between models of identity card readers: the `[traits]` section of their profiles."""

from typing import Literal

from drivers.profiles import Milliseconds, Section


class IdCardReaderTraits(Section, frozen=True, kw_only=True):
    read_ms: Milliseconds = 5000
    """Reading a card takes its chip up to this long."""
    presence: Literal["newest_address", "find"] = "newest_address"
    """How a card that was read shows that it still lies there. After a successful read most modules find the card only once it
    has left the field, but go on answering for it (`newest_address`); some find it again and again (`find`)."""
    newest_address: bool = True
    """Knows the operation 30 03. Without it `presence` must be `find`."""

    def __post_init__(self) -> None:
        if self.presence == "newest_address" and not self.newest_address:
            raise ValueError("presence by newest_address needs newest_address")
