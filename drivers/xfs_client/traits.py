"""What differs between services: the `[traits]` section of their profiles."""

from typing import Literal

from drivers.profiles import Section


class XfsClientTraits(Section, frozen=True, kw_only=True):
    interface: Literal["Printer", "BarcodeReader", "TextTerminal", "CardReader"] = "Printer"
    """Whose words are spoken."""
