"""What differs between models of receipt printers: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section


class DrawerTraits(Section, frozen=True, kw_only=True):
    """The cash drawer in the printer's kick-out socket. How it is wired is the drawer's own: with another drawer, a printer has
    another profile."""

    pin: Literal[2, 5] = 2
    """Which pin of the socket fires the solenoid."""
    pulse_on_ms: Annotated[int, msgspec.Meta(ge=2, le=510, multiple_of=2)] = 50
    pulse_off_ms: Annotated[int, msgspec.Meta(ge=2, le=510, multiple_of=2)] = 500
    sensor: Literal["none", "high_when_open", "low_when_open"] = "none"
    """What pin 3 says: `DLE EOT 1` bit 2, automatic status byte 1 bit 2."""
    move_ms: Annotated[int, msgspec.Meta(ge=100, le=5_000)] = 1_500
    """Within this the sensor says that it is open."""

    def __post_init__(self) -> None:
        if self.pulse_off_ms < 4 * self.pulse_on_ms:
            raise ValueError("a solenoid that is on for more than a fifth of the time burns out")


class PrinterTraits(Section, frozen=True, kw_only=True):
    """What a receipt printer of this model can do."""

    width_dots: Annotated[int, msgspec.Meta(ge=192, le=832, multiple_of=8)]
    dpi: Literal[180, 203, 300] = 203
    cell_dots: tuple[Annotated[int, msgspec.Meta(ge=8, le=32)], Annotated[int, msgspec.Meta(ge=8, le=64)]] = (12, 24)
    """Width and height of a Latin character; a Chinese one is twice as wide."""
    charset: Literal["gb2312", "gbk", "gb18030"] = "gb18030"
    """Only its one- and two-byte characters are trusted to the machine; others are drawn."""
    smoothing: bool = False
    """Knows `GS b`: large characters with smooth edges."""
    cut: Literal["none", "partial", "full"] = "partial"
    feed_to_cut_dots: Annotated[int, msgspec.Meta(ge=0, le=255)] = 24
    """Paper between the head and the cutter beyond what the cut command feeds itself."""
    qr_native: bool = True
    raster_slice_rows: Annotated[int, msgspec.Meta(ge=8, le=255)] = 255
    status: Literal["asb", "dle_eot", "port"] = "dle_eot"
    """`asb`: tells changes by itself; it answers DLE EOT too. `port`: it answers nothing, or dies of being asked, and what is
    known of it are the lines of its USB port: no print can then be proven."""
    print_out_ms: Annotated[int, msgspec.Meta(ge=500, le=60_000)] = 4_000
    """Of a printer that answers nothing: so long its port must have no complaint after the last byte was taken."""
    process_id: bool = False
    """Knows `GS ( H` and names a job that is out: the strong proof."""
    buffer_clear: bool = False
    """Knows `DLE DC4 8` and confirms it."""
    identify: bool = False
    """Knows `GS I` 65 to 68."""
    paper_low_sensor: bool = False
    drawer: DrawerTraits | None = None
    """What hangs in its kick-out socket; None: it has none, or nothing hangs there."""

    def __post_init__(self) -> None:
        if self.status == "port" and (self.process_id or self.buffer_clear or self.identify or self.drawer is not None):
            raise ValueError("a printer that answers nothing knows none of process_id, buffer_clear, identify, drawer")

    @property
    def answers(self) -> bool:
        return self.status != "port"

    @property
    def columns(self) -> int:
        return self.width_dots // self.cell_dots[0]
