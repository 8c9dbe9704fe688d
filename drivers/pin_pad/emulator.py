"""An emulated PIN pad: it does the real cryptography, and a customer types on it.

Its keys are those of every textbook, so that a demo can decrypt what it makes. Opened (`tamper`) it destroys them and answers
nothing but that; `service` puts a new pad in its place.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.interfaces.pin_pad import PIN_DIGITS_MAX, TEXT_DIGITS_MAX, KeyUse, PinFormat
from drivers.pin_pad import blocks, codec
from drivers.pin_pad.codec import Fault, Frame
from drivers.pin_pad.traits import PinPadTraits
from drivers.profiles import Profile

MASTER_KEY: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PIN_KEYS: Final = MappingProxyType(
    {
        "tdes": bytes.fromhex("FEDCBA98765432100123456789ABCDEF"),
        "sm4": bytes.fromhex("F351D490994603795C6EBEE8FAEBB481"),
    }
)
_OK: Final = b"0"
_INPUT_OFF: Final = "2"
_INPUT_ON: Final = "3"


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer types these digits, and Enter where the pad still waits for it."""

    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")] = "123456"
    enter: bool = True


class KeyCap(StrEnum):
    ENTER = "enter"
    CLEAR = "clear"
    CANCEL = "cancel"


class OneKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: KeyCap = KeyCap.CANCEL


@dataclass(frozen=True, slots=True)
class LoadedKey:
    value: bytes
    kind: int


@dataclass
class _Prompt:
    """What the customer is asked."""

    secret: bool
    slot: str = ""
    form: PinFormat = PinFormat.ISO0
    pan: str = ""
    digits: str = ""
    max_digits: int = TEXT_DIGITS_MAX


class PinPadEmulator(Emulator):
    def __init__(
        self, profile: Profile, *, clock: Callable[[], datetime] | None = None, dice: blocks.Dice = secrets.token_bytes
    ) -> None:
        super().__init__(profile, clock=clock)
        self.traits = profile.section(PinPadTraits)
        self._dice = dice
        self._parser = codec.Parser()
        self._forms = {letter: form for form, letter in self.traits.formats.items()}
        self.keys: dict[str, LoadedKey] = {}
        self.tampered = False
        self._limits = {"4": 4, "5": PIN_DIGITS_MAX}
        self._prompt: _Prompt | None = None
        self._entered: _Prompt | None = None
        self._fit_keys()

    def attached(self) -> None:
        self._parser.flush()

    def lose_power(self) -> None:
        self._prompt, self._entered = None, None

    def receive(self, data: bytes) -> None:
        for item in self._parser.receive(data):
            if isinstance(item, Frame):
                self.reply(Frame(bytes([Fault.TAMPERED]) if self.tampered else self._answer(item)).raw)

    def hands(self) -> Mapping[str, Hand]:
        return {
            "type_pin": Hand(self._type, Typed),
            "press": Hand(self._press, OneKey),
            "tamper": hand(self._tamper),
            "service": hand(self._service),
        }

    # What the host asks.

    def _answer(self, frame: Frame) -> bytes:
        answers = {"2": self._load, "3": self._tell, "5": self._control, "6": self._start, "7": self._block}
        try:
            text = frame.text.decode("ascii")
        except UnicodeDecodeError:
            return bytes([Fault.DATA])
        if text.startswith("1"):
            return bytes([Fault.NOT_AUTHORISED])  # keys in the clear are loaded in a vault, not at a window
        answer = answers.get(text[:1])
        if answer is None:
            return bytes([Fault.PARAMETER])
        try:
            return answer(text[1:])
        except ValueError:
            return bytes([Fault.DATA])

    def _tell(self, _text: str) -> bytes:
        flags = (0 if self.keys else 1) | (2 if self._prompt else 0) | 4
        settings = bytes([flags, 0, 30, ord(self.traits.mask), self._limits["4"], self._limits["5"], 0x37, 0x37, 10, 0])
        info = " " * 50 + "00" * 24 + settings.hex().upper() + "00000000" + "ZT598 " + "H1 " + "S2 " + "2603" + "0007"
        return _OK + info.encode("ascii")

    def _control(self, text: str) -> bytes:
        parameter, value = text[:1], int(text[1:], 16)
        if parameter in self._limits:
            self._limits[parameter] = value
        elif parameter == "0" and chr(value) == _INPUT_OFF:
            self._prompt, self._entered = None, None
        elif parameter == "0" and chr(value) == _INPUT_ON:
            self._prompt = _Prompt(secret=False)
            self.produce(OutputKind.PROMPT, "请输入 · Please enter")
        return _OK

    def _load(self, text: str) -> bytes:
        under, slot, kind, length, value = text[:2], text[2:4], int(text[4]), int(text[5]), bytes.fromhex(text[6:])
        if under not in self.keys:
            return bytes([Fault.NO_MASTER_KEY])
        if self.keys[under].kind != self.traits.key_types.get(KeyUse.MASTER):
            return bytes([Fault.KEY_INCOMPATIBLE])
        if length * 8 != len(value) or (self.traits.cipher == "sm4" and len(value) != len(MASTER_KEY)):
            return bytes([Fault.KEY_SIZE])
        clear = blocks.decrypt(self.traits.cipher, self.keys[under].value, value)
        if self.traits.cipher == "tdes" and not blocks.odd_parity(clear):
            return bytes([Fault.KEY_PARITY])
        self.keys[slot] = LoadedKey(clear, kind)
        return _OK + blocks.check_value(self.traits.cipher, clear).hex().upper().encode("ascii")

    def _start(self, text: str) -> bytes:
        slot, form, digits, pan = text[:2], self._forms.get(text[2:3]), int(text[4:6]), text[6:]
        if form is None or not digits <= PIN_DIGITS_MAX:
            return bytes([Fault.PARAMETER])
        if slot not in self.keys:
            return bytes([Fault.NO_KEY])
        if self.keys[slot].kind != self.traits.key_types.get(KeyUse.PIN):
            return bytes([Fault.KEY_INCOMPATIBLE])
        blocks.clear_block(form, "0000", pan, self._dice)  # refuses a card number that no block can hold
        self._entered = None
        self._prompt = _Prompt(secret=True, slot=slot, form=form, pan=pan, max_digits=digits)
        self.produce(OutputKind.PROMPT, "请输入密码 · Please enter your PIN")
        return _OK

    def _block(self, _text: str) -> bytes:
        entered, self._entered = self._entered, None
        if entered is None:
            return bytes([Fault.DATA])
        clear = blocks.clear_block(entered.form, entered.digits, entered.pan, self._dice)
        block = blocks.encrypt(self.traits.cipher, self.keys[entered.slot].value, clear)
        return _OK + f"00{len(entered.digits):02d}{block.hex().upper()}".encode("ascii")

    # What a customer does.

    def _type(self, wish: Typed) -> None:
        for digit in wish.digits:
            self._digit(digit)
        if wish.enter:
            self._press(OneKey(KeyCap.ENTER))

    def _digit(self, digit: str) -> None:
        prompt = self._prompt
        if prompt is None or len(prompt.digits) >= prompt.max_digits:
            return
        prompt.digits += digit
        self.reply((self.traits.mask if prompt.secret else digit).encode("ascii"))
        if prompt.secret and len(prompt.digits) == prompt.max_digits:
            self._end(prompt)

    def _press(self, wish: OneKey) -> None:
        prompt = self._prompt
        if prompt is None:
            return
        match wish.key:
            case KeyCap.CLEAR:
                prompt.digits = prompt.digits[:-1]
                self.reply(bytes([codec.CLEAR]))
            case KeyCap.CANCEL:
                self._prompt = None
                self.reply(bytes([codec.CANCEL]))
            case KeyCap.ENTER if not prompt.secret or len(prompt.digits) >= self._limits["4"]:
                self.reply(bytes([codec.ENTER]))
                self._end(prompt)

    def _end(self, prompt: _Prompt) -> None:
        self._prompt = None
        if prompt.secret:
            self._entered = prompt
            self.produce(OutputKind.SIGNAL, f"PIN of {len(prompt.digits)} digits, card …{prompt.pan[-4:]}")

    def _tamper(self) -> None:
        self.tampered, self.keys = True, {}
        self.lose_power()
        self.produce(OutputKind.SIGNAL, "opened: all keys destroyed")

    def _service(self) -> None:
        self.tampered = False
        self._fit_keys()

    def _fit_keys(self) -> None:
        slots, kinds = self.traits.slots, self.traits.key_types
        for name, use, value in (
            ("master", KeyUse.MASTER, MASTER_KEY),
            ("pin", KeyUse.PIN, PIN_KEYS[self.traits.cipher]),
        ):
            if name in slots and use in kinds:
                self.keys[slots[name]] = LoadedKey(value, kinds[use])
