"""An emulated SAM_V module with its antenna, and hands that lay documents on it.

It behaves as the modules in the field do: a card that has been read is not found again until it has left, while the operations
on a selected card go on working.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from drivers.emulation import BadParameters, Emulator, Hand, hand
from drivers.id_card_reader import codec, layouts
from drivers.id_card_reader.codec import Operation, Sw
from drivers.id_card_reader.traits import IdCardReaderTraits
from drivers.interfaces.id_card import IdDocument
from drivers.profiles import Profile
from drivers.specimens import PEOPLE, Person

PHOTO: Final = b"WLf\x01" + bytes(n * 7 % 256 for n in range(1020))
"""1024 bytes in the place of the photo; what real ones hold only the police's decoder knows."""
_SERIAL: Final = bytes.fromhex("0500010095ba330140e20100d2029649")
_STRAY: Final = 1
"""Behind which byte of the preamble the stray zero slips in."""
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8}$")]
Field = Annotated[str, msgspec.Meta(max_length=60)]


class Lay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of one of the made-up people; any field can be said otherwise."""

    person: Annotated[int, msgspec.Meta(ge=1, le=len(PEOPLE))] = 1
    number: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{17}[0-9X]|[A-Z]{3}[0-9]{12})$")] | None = None
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=15)] | None = None
    sex: Literal["0", "1", "2", "9"] | None = None
    nation: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")] | None = None
    birth: Date | None = None
    address: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    issuer: Annotated[str, msgspec.Meta(max_length=15)] | None = None
    valid_from: Date | None = None
    valid_to: Date | Literal["长期"] | None = None
    newest_address: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    trouble: Literal["none", "askew", "not_genuine", "wrong_kind", "unlicensed"] = "none"


class Module(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    broken: bool = True


_TROUBLES: Final[Mapping[str, Sw]] = {
    "askew": Sw.NOT_READ,
    "not_genuine": Sw.MODULE_REJECTS_CARD,
    "wrong_kind": Sw.WRONG_CARD,
    "unlicensed": Sw.MODULE_NOT_LICENSED,
}


@dataclass
class _Card:
    """What lies on the antenna."""

    text: bytes
    newest_address: bytes | None
    trouble: Sw | None
    selected: bool = False
    read: bool = False


class IdCardEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(IdCardReaderTraits)
        self._parser = codec.FrameParser(codec.REQUEST_HEAD_BYTES)
        self._card: _Card | None = None
        self._broken = False
        self._stray_zeros = 0
        self._answers: dict[tuple[int, int], Callable[[], bytes]] = {
            _key(codec.RESET_MODULE): self._reset,
            _key(codec.MODULE_STATUS): lambda: codec.answer_frame(Sw.SELF_TEST if self._broken else Sw.OK),
            _key(codec.MODULE_SERIAL): lambda: codec.answer_frame(Sw.OK, _SERIAL),
            _key(codec.FIND): self._find,
            _key(codec.SELECT): self._select,
            _key(codec.READ): self._read,
            _key(codec.NEWEST_ADDRESS): self._newest_address,
        }

    def receive(self, data: bytes) -> None:
        for message in self._parser.receive(data):
            if isinstance(message, codec.Frame):
                known = self._answers.get((message.body[0], message.body[1]))
                self._say(codec.answer_frame(Sw.WRONG_COMMAND) if known is None else known())

    def lose_power(self) -> None:
        self._parser = codec.FrameParser(codec.REQUEST_HEAD_BYTES)
        self._forget()

    def hands(self) -> Mapping[str, Hand]:
        return {
            "lay": Hand(self._lay, Lay),
            "remove": hand(self._remove),
            "module": Hand(self._set_module, Module),
            "stray_zero": hand(self._slip_a_zero_in),
        }

    # Hands.

    def _lay(self, wish: Lay) -> None:
        person = PEOPLE[wish.person - 1]
        fields = _fields(person) | {name: said for name in _SAYABLE if (said := getattr(wish, name)) is not None}
        try:
            text = layouts.write(person.document, fields)
            newest = wish.newest_address and layouts.write_address(wish.newest_address, codec.ADDRESS_BYTES)
        except layouts.BadText as bad:
            raise BadParameters(f"lay: {bad} does not fit on this document") from bad
        self._card = _Card(text, newest or None, _TROUBLES.get(wish.trouble))

    def _remove(self) -> None:
        self._card = None

    def _set_module(self, wish: Module) -> None:
        self._broken = wish.broken

    def _slip_a_zero_in(self) -> None:
        self._stray_zeros += 1

    # The module.

    def _reset(self) -> bytes:
        self._forget()
        return codec.answer_frame(Sw.OK)

    def _find(self) -> bytes:
        card = self._card
        if card is None or (card.read and self._traits.presence != "find"):
            return codec.answer_frame(Sw.NO_CARD)
        return codec.answer_frame(Sw.FOUND, bytes(4))

    def _select(self) -> bytes:
        if self._card is None:
            return codec.answer_frame(Sw.NOT_SELECTED)
        self._card.selected = True
        return codec.answer_frame(Sw.OK, bytes(8))

    def _read(self) -> bytes:
        card = self._card
        if card is None or not card.selected or card.trouble is not None:
            return codec.answer_frame((card and card.trouble) or Sw.NOT_READ)
        card.read = True
        return codec.answer_frame(Sw.OK, codec.information(card.text, PHOTO))

    def _newest_address(self) -> bytes:
        if self._card is None or not self._card.selected:
            return codec.answer_frame(Sw.NOT_READ)
        written = self._card.newest_address
        return codec.answer_frame(Sw.NO_DATA) if written is None else codec.answer_frame(Sw.OK, written)

    def _forget(self) -> None:
        if self._card is not None:
            self._card.selected = self._card.read = False

    def _say(self, frame: bytes) -> None:
        if self._stray_zeros:
            self._stray_zeros -= 1
            frame = frame[:_STRAY] + b"\0" + frame[_STRAY:]
        self.reply(frame)


_SAYABLE: Final = ("number", "name", "sex", "nation", "birth", "address", "issuer", "valid_from", "valid_to")


def _fields(person: Person) -> dict[str, str]:
    foreign = person.document in (IdDocument.FOREIGNER_2017, IdDocument.FOREIGNER_2023)
    return {
        "name": person.name,
        "name_latin": person.name_latin,
        "sex": person.sex,
        "nationality" if foreign else "nation": person.nation,
        "birth": person.birth,
        "address": person.address,
        "number": person.number,
        "issuer": person.issuer,
        "authority": person.issuer,
        "valid_from": person.valid_from,
        "valid_to": person.valid_to,
        "pass_number": "H12345678" if person.document is IdDocument.COMPATRIOT_PERMIT else "",
        "issue_count": "01",
        "version": "01",
        "old_number": "110",
    }


def _key(operation: Operation) -> tuple[int, int]:
    return operation.command, operation.parameter
