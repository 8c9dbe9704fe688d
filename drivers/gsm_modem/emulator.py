"""An emulated modem, its SIM card and the network around it. A message is output once all its parts have arrived."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final

import msgspec

from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.gsm_modem import codec
from drivers.gsm_modem.flash import Flash, Writing, make_package, version_of
from drivers.gsm_modem.pdu import BadPdu, Submit, decode_submit, encode_report
from drivers.gsm_modem.traits import ModemTraits
from drivers.profiles import Profile

COMMAND_BYTES_MAX: Final = 1024
UNFINISHED_MAX: Final = 16
"""Messages of which parts are missing; the oldest is forgotten."""
FIRMWARE: Final = "EC20CEFAGR06A01M4G"
RESTART_S: Final = 1.0
INSTALL_S: Final = 5.0
_GIVEN_UP: Final = 0x40


class Strength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dbm: Annotated[int, msgspec.Meta(ge=-113, le=-51)] = -73


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next message is answered by this +CMS ERROR."""

    cms: Annotated[int, msgspec.Meta(ge=0, le=999)] = codec.Sms.NO_NETWORK


class Reach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the phones that are written to get what the network took."""

    phones: bool = True


class ModemEmulator(Emulator):
    """One modem."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        traits = profile.section(ModemTraits)
        self._registration = traits.registration
        self._flash = Flash() if traits.firmware == "quectel_dfota" else None
        self.firmware = FIRMWARE if self._flash is not None else "1.0"
        self._installing = False
        self._sim = True
        self._network = True
        self._dbm = -73
        self._reachable = True
        self._refusal: int | None = None
        self._next_reference = 0
        self.taken_parts = 0
        self._unfinished: dict[tuple[str, int], dict[int, str]] = {}
        self._buffer = bytearray()
        self._echo = True
        self._expected: int | None = None
        """Octets of the message it waits for."""

    def receive(self, data: bytes) -> None:
        if self._installing:
            return
        if self._flash is not None and self._flash.writing is not None:
            data = self._block(self._flash, data)
        for byte in data:
            self._buffer.append(byte)
            if self._expected is not None:
                self._message(byte)
            elif byte == 0x0D:
                command, self._buffer = bytes(self._buffer), bytearray()
                self._obey(command)
            elif byte == 0x1B or len(self._buffer) > COMMAND_BYTES_MAX:
                self._buffer.clear()

    def hands(self) -> Mapping[str, Hand]:
        return {
            "sim_out": hand(partial(self._set_sim, there=False)),
            "sim_in": hand(partial(self._set_sim, there=True)),
            "no_network": hand(partial(self._set_network, there=False)),
            "network": hand(partial(self._set_network, there=True)),
            "signal": Hand(self._set_signal, Strength),
            "refuse": Hand(self._set_refusal, Refusal),
            "reach": Hand(self._set_reach, Reach),
            "mute": hand(partial(self.hush, True)),
            "unmute": hand(partial(self.hush, False)),
        }

    def lose_power(self) -> None:
        self._buffer.clear()
        self._echo, self._expected = True, None
        self._unfinished.clear()
        if self._flash is not None:
            self._flash.lose_power()

    def package(self, version: str) -> bytes:
        """An update that this module takes; see `drivers.emulation.Updatable`."""
        return make_package(version)

    # Hands.

    def _set_sim(self, *, there: bool) -> None:
        self._sim = there

    def _set_network(self, *, there: bool) -> None:
        self._network = there

    def _set_signal(self, wish: Strength) -> None:
        self._dbm = wish.dbm

    def _set_refusal(self, wish: Refusal) -> None:
        self._refusal = wish.cms

    def _set_reach(self, wish: Reach) -> None:
        self._reachable = wish.phones

    # Commands.

    def _say(self, *lines: str) -> None:
        self.reply("".join(f"\r\n{line}\r\n" for line in lines).encode("ascii"))

    def _obey(self, raw: bytes) -> None:
        if self._echo:
            self.reply(raw)
        command = raw.strip(b"\r\n ").decode("ascii", errors="replace").upper()
        if self._flash is not None and command.startswith("AT+QF"):
            self._file_command(self._flash, raw.strip(b"\r\n ").decode("ascii", errors="replace"))
        elif command.startswith("AT+CMGS="):
            self._await_message(command.removeprefix("AT+CMGS="))
        elif command:
            self._say(*self._answer(command))

    def _answer(self, command: str) -> tuple[str, ...]:
        quality = (self._dbm + 113) // 2 if self._network else 99
        answers: dict[str, tuple[str, ...]] = {
            "AT+CPIN?": ("+CPIN: READY", "OK") if self._sim else ("+CME ERROR: 10",),
            "AT+CSQ": (f"+CSQ: {quality},99", "OK"),
            f"AT+{self._registration}?": (f"+{self._registration}: 0,{1 if self._network and self._sim else 2}", "OK"),
            "AT+CGMM": ("EMULATED-4G", "OK"),
            "AT+CGMR": (self.firmware, "OK"),
            "AT+CGSN": ("860000000000009", "OK"),
        }
        if command in answers:
            return answers[command]
        if command in ("ATE0", "ATE1"):
            self._echo = command == "ATE1"
        known = command == "AT" or command.startswith(("ATE", "AT+CMEE=", "AT+CMGF=0", "AT+CNMI=", "AT+CMMS="))
        return ("OK",) if known else ("ERROR",)

    # Files and firmware.

    def _file_command(self, flash: Flash, command: str) -> None:
        if command.startswith("AT+QFOTADL="):
            package = flash.package(command.removeprefix("AT+QFOTADL="))
            self._say("OK" if package is not None else "+CME ERROR: 418")
            if package is not None:
                asyncio.get_running_loop().call_later(RESTART_S, self._install, package)
            return
        self._say(*flash.answer(command))
        if flash.writing is not None:
            asyncio.get_running_loop().call_later(flash.writing.within_s, self._give_up_block, flash, flash.writing)

    def _block(self, flash: Flash, data: bytes) -> bytes:
        """Take what belongs to the block; returns what comes behind it."""
        said, rest = flash.take(data)
        self._say(*said)
        return rest

    def _give_up_block(self, flash: Flash, writing: Writing) -> None:
        if flash.writing is writing:
            self._say(*flash.give_up())

    def _install(self, package: bytes) -> None:
        """It is away for a while, and comes back with the package's firmware, or with its own where it refuses the package."""
        self.cut_power()
        self._installing = True
        asyncio.get_running_loop().call_later(INSTALL_S, self._installed, package)

    def _installed(self, package: bytes) -> None:
        self._installing = False
        version = version_of(package)
        self.firmware = version or self.firmware
        self._say('+QIND: "FOTA","START"', f'+QIND: "FOTA","END",{0 if version else 552}')

    # Messages.

    def _await_message(self, size: str) -> None:
        if not size.isdigit() or not 7 <= int(size) <= 200:
            self._say(f"+CMS ERROR: {codec.Sms.INVALID_PDU:d}")
            return
        self._expected = int(size)
        self.reply(b"\r\n" + codec.PROMPT)

    def _message(self, byte: int) -> None:
        if byte == codec.ESC[0] or len(self._buffer) > COMMAND_BYTES_MAX:
            self._buffer.clear()
            self._expected = None
            self._say("OK")
        elif byte == codec.SUBMIT[0]:
            raw, self._buffer = bytes(self._buffer[:-1]), bytearray()
            size, self._expected = self._expected, None
            self._submit(raw, size or 0)

    def _submit(self, raw: bytes, size: int) -> None:
        refusal, self._refusal = self._refusal, None
        try:
            data = bytes.fromhex(raw.decode("ascii").strip())
            tpdu = data[1 + data[0] :]
            message = decode_submit(tpdu)
        except (BadPdu, ValueError, IndexError):
            self._say(f"+CMS ERROR: {codec.Sms.INVALID_PDU:d}")
            return
        if len(tpdu) != size:
            refusal = codec.Sms.INVALID_PDU
        if not self._sim:
            refusal = codec.Sms.SIM_MISSING
        if not self._network:
            refusal = refusal or codec.Sms.NO_NETWORK
        if refusal is not None:
            self._say(f"+CMS ERROR: {refusal:d}")
            return
        reference = self._next_reference
        self._next_reference = (reference + 1) % 256
        self.taken_parts += 1
        self._take(message)
        self._say(f"+CMGS: {reference}", "OK")
        if message.report:
            report = encode_report(reference, message.to, 0 if self._reachable else _GIVEN_UP)
            self._say(f"+CDS: {len(report) - 1}\r\n{report.hex().upper()}")

    def _take(self, message: Submit) -> None:
        if message.parts == 1:
            self.produce(OutputKind.MESSAGE, f"{message.to}\n{message.text}")
            return
        whole = self._unfinished.setdefault((message.to, message.reference), {})
        whole[message.part] = message.text
        if len(whole) == message.parts:
            del self._unfinished[(message.to, message.reference)]
            self.produce(OutputKind.MESSAGE, f"{message.to}\n" + "".join(whole[n] for n in sorted(whole)))
        elif len(self._unfinished) > UNFINISHED_MAX:
            del self._unfinished[next(iter(self._unfinished))]
