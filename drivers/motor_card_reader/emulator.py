"""An emulated motorised reader in either dialect, with hands that insert, take, jam and open it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from drivers.api import ErrorCode
from drivers.chip_card.plastic import BankChip
from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.motor_card_reader import codec, crt, crt_f2, sankyo
from drivers.motor_card_reader.codec import ACK, ENQ, EOT, NAK, Control, Frame, FrameParser, Position, Verb
from drivers.motor_card_reader.conversation import DIALECTS, codes
from drivers.motor_card_reader.mechanism import READS, Card, Mechanism
from drivers.motor_card_reader.traits import MotorTraits
from drivers.profiles import Profile
from drivers.specimens import CARDS
from drivers.tracks import CHIP_SERVICE

VERSION: Final = b"CRT-310 V1.0"
VERSION_F2: Final = b"QU-TK-F31-V1.10"
STARTS: Final = (Verb.INITIALISE, Verb.INITIALISE_EJECT, Verb.INITIALISE_CAPTURE)


class Insert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card: Annotated[int, msgspec.Meta(ge=1, le=len(CARDS))] = 1
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12,19}$")] | None = None
    trouble: Literal["none", "stripe", "chip", "worn", "size"] = "none"
    """`worn`: neither its stripe nor its chip can be read."""


class Jam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jammed: bool = True


class MotorEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        traits = profile.section(MotorTraits)
        self.mechanism = Mechanism()
        self._dialect = DIALECTS[traits.dialect]
        self._speak = _SPEAK[traits.dialect]
        self._verbs = {code[:2] + code[2:3]: verb for verb, code in codes(traits).items()}
        self._parser = FrameParser(self._dialect.grammar)
        self._waiting: tuple[Verb, bytes] | None = None
        """With its data: taken, and not to be done before the host says so."""
        self._said = b""

    def receive(self, data: bytes) -> None:
        for message in self._parser.receive(data):
            match message:
                case Frame(body=body):
                    self._take(bytes(body))
                case Control(byte=byte):
                    self._handshake(byte)
                case _:
                    pass  # a real one is silent about noise; the host will say it again

    def lose_power(self) -> None:
        self.mechanism.lose_power()
        self._parser = FrameParser(self._dialect.grammar)
        self._waiting = None

    def hands(self) -> Mapping[str, Hand]:
        return {
            "insert": Hand(self._insert, Insert),
            "take": hand(self._take_card),
            "jam": Hand(self._jam, Jam),
            "open_up": hand(self.mechanism.open_up),
        }

    # Hands.

    def _insert(self, wish: Insert) -> None:
        specimen = CARDS[wish.card - 1]
        number = wish.number or specimen.pan
        chip = BankChip(specimen, number=number) if specimen.service_code[0] in CHIP_SERVICE else None
        reads, answers = wish.trouble not in ("stripe", "worn"), wish.trouble not in ("chip", "worn")
        self.mechanism.insert(Card(specimen, number, reads, wish.trouble != "size", chip, not answers))

    def _take_card(self) -> None:
        if self.mechanism.take():
            self.produce(OutputKind.SIGNAL, "card taken")

    def _jam(self, wish: Jam) -> None:
        self.mechanism.jammed = wish.jammed

    # The line.

    def _take(self, body: bytes) -> None:
        code = body[1:] if self._dialect.confirms else body
        verb = self._verbs.get(code[:3]) or self._verbs.get(code[:2])
        data = code[2:]
        if verb is None:
            self.reply(bytes((NAK,)))
            return
        self.reply(bytes((ACK,)))
        if self._dialect.execute:
            self._waiting = verb, data
        else:
            self._do(verb, data)

    def _handshake(self, byte: int) -> None:
        if byte == ENQ and self._waiting is not None:
            (verb, data), self._waiting = self._waiting, None
            self._do(verb, data)
        elif byte == EOT:
            self._waiting = None
        elif byte == NAK and self._dialect.confirms and self._said:
            self.reply(self._said)

    def _do(self, verb: Verb, data: bytes) -> None:
        lamp = self.mechanism.lamp
        code = next(code for code, known in self._verbs.items() if known is verb)
        body = self._speak(self.mechanism, verb, code, data)
        if self.mechanism.lamp != lamp:
            self.produce(OutputKind.SIGNAL, f"lamp {self.mechanism.lamp}")
        self._said = codec.frame(self._dialect.grammar, body)
        self.reply(self._said)


def _sankyo(mechanism: Mechanism, verb: Verb, code: bytes, data: bytes) -> bytes:
    if (refused := _refused(mechanism, verb, code)) is not None:
        return refused
    place = Position.INSIDE if mechanism.position is Position.UNFIT else mechanism.position
    status = next(said for said, position in sankyo.POSITIONS.items() if position is place)
    return b"P" + code[:2] + status + _bare(mechanism.answer(verb, data), verb)


def _crt_f2(mechanism: Mechanism, verb: Verb, code: bytes, data: bytes) -> bytes:
    if (refused := _refused(mechanism, verb, code)) is not None:
        return refused
    if verb in STARTS:
        mechanism.admits = False
    place = Position.INSIDE if mechanism.position is Position.UNFIT else mechanism.position
    status = next(said for said, position in crt_f2.POSITIONS.items() if position is place)
    said = VERSION_F2 if verb in STARTS else mechanism.answer(verb, data)
    return b"P" + code[:2] + bytes((status,)) + b"00" + said


def _refused(mechanism: Mechanism, verb: Verb, code: bytes) -> bytes | None:
    """Do it; the answer where it cannot be done."""
    if not mechanism.initialised and verb not in STARTS:
        return b"N" + code[:2] + f"{sankyo.NOT_INITIALISED:02X}".encode("ascii")
    if (error := mechanism.obey(verb)) is None:
        return None
    number = next(number for number, known in sankyo.ERRORS.items() if known is error)
    return b"N" + code[:2] + f"{number:02X}".encode("ascii")


def _bare(said: bytes, verb: Verb) -> bytes:
    """A track without its sentinels."""
    return said.strip(b"%;+?") if verb in READS else said


def _crt(mechanism: Mechanism, verb: Verb, code: bytes, data: bytes) -> bytes:
    error = mechanism.obey(verb)
    if verb is Verb.STATUS:
        return code[:2] + bytes((_PLACES[mechanism.position], 0x4A if mechanism.admits else 0x4E, 0x4E))
    if code[0] in crt.TEXT_ANSWERS:
        return code[:2] + VERSION
    said = {None: crt.DONE, ErrorCode.NO_MEDIA: 0x45}.get(error, 0x4E)
    return code[:2] + bytes((said,)) + mechanism.answer(verb, data)


_PLACES: Final = {Position.NONE: 0x4E, Position.GATE: 0x48, Position.INSIDE: 0x4A, Position.UNFIT: 0x46}
_SPEAK: Final = {"sankyo": _sankyo, "crt": _crt, "crt_f2": _crt_f2}
