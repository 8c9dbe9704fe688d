"""The ticket slip on each model, byte for byte, with the slip as text and as a picture beside it.

`UPDATE_GOLDEN=1 pytest tests/drivers/test_escpos_golden.py` writes them anew; look at the pictures before committing.
Bytes and text are compared; pictures are for people, because fonts differ between machines.
"""

import os
from pathlib import Path

import pytest

from drivers.escpos_printer import codec
from drivers.escpos_printer.form import FormEncoder
from drivers.escpos_printer.mechanism import Mechanism
from drivers.escpos_printer.traits import PrinterTraits
from drivers.lettering import Lettering
from tests.drivers.printers import PROFILES, noon
from tests.drivers.slips import ticket

FOLDER = Path(__file__).parent.parent / "golden" / "escpos"


MODELS = [name for name in sorted(PROFILES) if PROFILES[name].family == "escpos_printer"]


@pytest.mark.parametrize("profile_id", MODELS)
@pytest.mark.parametrize(("name", "mark"), [("ticket", None), ("ticket-copy", "补打")])
def test_the_ticket_slip(profile_id: str, name: str, mark: str | None) -> None:
    traits, lettering = PROFILES[profile_id].section(PrinterTraits), Lettering()
    encoder = FormEncoder(traits, lambda text, dots, bold: lettering.draw(text, height_dots=dots, bold=bold))
    data = encoder.encode(ticket(), mark)
    mechanism = Mechanism(traits, clock=noon, lettering=lettering)
    mechanism.receive(data)
    (slip,) = mechanism.slips
    golden = FOLDER / f"{name}.{profile_id}"
    if os.environ.get("UPDATE_GOLDEN"):
        Path(f"{golden}.bin").write_bytes(data)
        Path(f"{golden}.txt").write_text(slip.text, encoding="utf-8")
        Path(f"{golden}.png").write_bytes(slip.png())
    assert data == Path(f"{golden}.bin").read_bytes()
    assert slip.text == Path(f"{golden}.txt").read_text(encoding="utf-8")
    assert slip.complete
    assert slip.copy is (mark is not None)


@pytest.mark.parametrize("profile_id", [name for name in MODELS if PROFILES[name].section(PrinterTraits).paper_low_sensor])
def test_the_end_of_a_roll(profile_id: str) -> None:
    """What a printer answers when its roll ends soon, and a slip from the dyed end. `DLE EOT 4`: 1E is low (Epson TM-T88)."""
    traits, lettering = PROFILES[profile_id].section(PrinterTraits), Lettering()
    encoder = FormEncoder(traits, lambda text, dots, bold: lettering.draw(text, height_dots=dots, bold=bold))
    mechanism = Mechanism(traits, clock=noon, lettering=lettering)
    told = bytearray()
    mechanism.reply = told.extend
    mechanism.receive(codec.ASB_ON)
    mechanism.set_low()
    for question in codec.Question:
        mechanism.receive(codec.ask(question))
    mechanism.receive(codec.ORDERED_STATUS + encoder.encode(ticket()))
    golden = FOLDER / f"near-end.{profile_id}"
    if os.environ.get("UPDATE_GOLDEN"):
        Path(f"{golden}.bin").write_bytes(told)
        Path(f"{golden}.png").write_bytes(mechanism.slips[-1].png())
    assert bytes(told) == Path(f"{golden}.bin").read_bytes()
    assert mechanism.slips[-1].near_end
