"""How a bank card is read: as one conversation, without a wire.

`read` is a generator: it yields commands and is sent responses, and returns the card. So the same rules are run by the driver
against a reader, and by tests against anything. The way is EMV's: the list of applications (PPSE by antenna, PSE by contacts),
or known ones tried by name; SELECT; GET PROCESSING OPTIONS with what the PDOL asks for; then the records the card points to,
until number and expiry are known. At most `COMMANDS_MAX` commands; answers are wiped as soon as they are looked through.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from stdnum import luhn

from drivers.api import ErrorCode
from drivers.chip_card import codec
from drivers.chip_card.codec import Answer, BadAnswer
from drivers.confidential import Pan, wipe
from drivers.interfaces.card_reader import BankCard, Doubt, ReadBy

COMMANDS_MAX: Final = 64
ANSWER_BYTES_MAX: Final = 4096
"""Of one answer that comes in pieces (61xx)."""
CANDIDATES_MAX: Final = 8
DIRECTORY_RECORDS_MAX: Final = 10
AID_BYTES: Final = range(5, 17)

Reading = Generator[bytes, bytes, BankCard]


class Unreadable(Exception):
    """No bank card, or one that does not say its number."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class _Facts:
    """What the records have said so far."""

    pan: str | None = None
    other_pan: str | None = None
    expiry: str | None = None
    sequence: str | None = None
    service: str | None = None

    @property
    def complete(self) -> bool:
        return None not in (self.pan, self.expiry, self.sequence)

    def learn(self, data: bytearray) -> None:
        """Raises `BadAnswer`."""
        for tag, take in (
            (codec.PAN, self._take_pan),
            (codec.TRACK_2, self._take_track_2),
            (codec.EXPIRY, self._take_expiry),
            (codec.SEQUENCE, self._take_sequence),
            (codec.SERVICE, self._take_service),
        ):
            if (value := codec.find(data, tag)) is not None:
                take(codec.digits(value) if tag != codec.TRACK_2 else value.hex())

    def _take_pan(self, digits: str) -> None:
        if digits.isdecimal() and 12 <= len(digits) <= 19:
            if self.pan not in (None, digits):
                self.other_pan = self.pan
            self.pan = digits

    def _take_track_2(self, nibbles: str) -> None:
        """Number, `d`, YYMM, service code; the discretionary digits are let go."""
        number, separator, rest = nibbles.partition("d")
        if separator:
            self._take_pan(number)
            self.expiry = self.expiry or (rest[:4] if rest[:4].isdecimal() else None)
            self._take_service(rest[4:7])

    def _take_expiry(self, digits: str) -> None:
        self.expiry = digits[:4] or self.expiry

    def _take_sequence(self, digits: str) -> None:
        self.sequence = digits[:2] or self.sequence

    def _take_service(self, digits: str) -> None:
        self.service = digits[-3:] if digits.isdecimal() else self.service


class _Budget:
    """How many commands may still be sent."""

    def __init__(self) -> None:
        self.left = COMMANDS_MAX

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unreadable(ErrorCode.INVALID_MEDIA)


def read(read_by: ReadBy) -> Reading:
    """Raises `Unreadable`. Whatever a card answers, it ends."""
    budget = _Budget()
    try:
        for aid in (yield from _candidates(read_by, budget)):
            facts = _Facts()
            opened = yield from _ask(codec.select(bytes.fromhex(aid)), budget)
            if not opened.ok:
                continue
            yield from _read_application(opened, facts, budget)
            if facts.pan is not None:
                return _card(facts, aid, read_by)
    except BadAnswer as bad:
        raise Unreadable(ErrorCode.READ_FAIL) from bad
    raise Unreadable(ErrorCode.INVALID_MEDIA)


def _card(facts: _Facts, aid: str, read_by: ReadBy) -> BankCard:
    pan = facts.pan or ""
    return BankCard(
        pan=Pan(pan),
        read_by=read_by,
        expiry=facts.expiry,
        sequence=facts.sequence,
        has_chip=True,
        application=aid,
        doubts=(
            *(() if luhn.is_valid(pan) else (Doubt.LUHN,)),
            *((Doubt.TRACKS_DIFFER,) if facts.other_pan is not None else ()),
        ),
    )


def _candidates(read_by: ReadBy, budget: _Budget) -> Generator[bytes, bytes, list[str]]:
    """The applications to be tried, the card's own list first, by its priorities."""
    name = codec.PSE if read_by is ReadBy.CHIP else codec.PPSE
    listed = yield from _ask(codec.select(name), budget)
    entries: list[tuple[int, str]] = []
    if listed.ok:
        sfi = codec.find(listed.data, codec.FCI_SFI)
        if read_by is ReadBy.CHIP and sfi:
            entries = yield from _directory(sfi[0], budget)
        else:
            entries = _entries(listed.data)
    wipe(listed.data)
    own = [aid for _, aid in sorted(entries)][:CANDIDATES_MAX]
    return own or list(codec.APPLICATIONS)


def _directory(sfi: int, budget: _Budget) -> Generator[bytes, bytes, list[tuple[int, str]]]:
    """A contact card's list is in records."""
    entries: list[tuple[int, str]] = []
    for record in range(1, DIRECTORY_RECORDS_MAX + 1):
        found = yield from _ask(codec.read_record(sfi & 0x1F, record), budget)
        if not found.ok:
            break
        entries += _entries(found.data)
    return entries


def _entries(data: bytearray) -> list[tuple[int, str]]:
    """Priority and identifier of each application in a list."""
    entries = []
    for item in codec.objects(data):
        if item.tag == codec.DIRECTORY_ENTRY:
            aid = codec.find(item.value, codec.AID)
            priority = codec.find(item.value, codec.PRIORITY)
            if aid is not None and len(aid) in AID_BYTES:
                entries.append(((priority[0] & 0x0F) if priority else 0x0F, aid.hex().upper()))
    return entries[:CANDIDATES_MAX]


def _read_application(opened: Answer, facts: _Facts, budget: _Budget) -> Generator[bytes, bytes, None]:
    pdol = codec.find(opened.data, codec.PDOL)
    begun = yield from _ask(codec.processing_options(codec.answer_pdol(pdol or b"")), budget)
    if not begun.ok:
        return
    afl = _afl(begun.data)
    if begun.data[:1] == bytes((codec.FORMAT_2,)):  # a contactless card may say everything at once
        facts.learn(begun.data)
    wipe(begun.data)
    for sfi, record in codec.locator(afl):
        if facts.complete:
            return
        found = yield from _ask(codec.read_record(sfi, record), budget)
        if found.ok:
            facts.learn(found.data)
        wipe(found.data)


def _afl(data: bytearray) -> bytes:
    if (plain := codec.find(data, codec.FORMAT_1)) is not None:
        return plain[2:]  # behind the interchange profile
    return codec.find(data, codec.AFL) or b""


def _ask(command: bytes, budget: _Budget) -> Generator[bytes, bytes, Answer]:
    """One command with what 61xx and 6Cxx make of it."""
    budget.spend()
    got = codec.answer((yield command))
    if got.status >> 8 == codec.WRONG_LENGTH:
        budget.spend()
        got = codec.answer((yield codec.with_length(command, got.status & 0xFF)))
    whole = bytearray(got.data)
    while got.status >> 8 == codec.MORE:
        budget.spend()
        got = codec.answer((yield codec.get_response(got.status & 0xFF)))
        whole += got.data
        if len(whole) > ANSWER_BYTES_MAX:
            raise BadAnswer("an answer without an end")
    return Answer(whole, got.status)
