"""What differs between models of modems: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section


class ModemTraits(Section, frozen=True, kw_only=True):
    registration: Literal["CREG", "CGREG", "CEREG"] = "CREG"
    """Which question tells of the network that carries messages; CEREG for modems that know 4G only."""
    indications: Annotated[str, msgspec.Meta(pattern=r"^\d,\d,\d,\d,\d$")] = "2,0,0,1,0"
    """AT+CNMI: delivery reports at once as +CDS, incoming messages not at all (nobody here may read them)."""
    more_to_send: bool = True
    """Knows AT+CMMS: the radio link is kept between the parts of one message."""
    identify: bool = True
    """Tells maker, model, firmware and IMEI."""
    firmware: Literal["none", "quectel_dfota"] = "none"
    """How it takes new firmware: as a file on the module that DFOTA installs, or not through us."""
    prompt_ms: Annotated[int, msgspec.Meta(ge=100, le=30_000)] = 5_000
    network_ms: Annotated[int, msgspec.Meta(ge=1_000, le=300_000)] = 60_000
    """How long the network may take for one part; 27.005 leaves it to the maker, and makers say 35 to 60 s."""
