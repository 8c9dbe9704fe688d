"""A wire to a card reader of the PC/SC service: cards and APDUs as frames of `drivers.transport.packets`.

The service's calls block, so there are two lanes with a context each: one waits for cards to come and go, one talks to the
card. A card is held exclusively while it is in. A command whose card does not answer ends in an empty `A`.

The system interface is used, not pyscard's own monitor: that one is a thread for the whole process which swallows errors.
"""

import asyncio
from functools import partial
from typing import Any, Final

from drivers.transport.inbox import Inbox
from drivers.transport.lane import Lane, LaneFull
from drivers.transport.packets import CARD, Card, Packet, Unpacker, pack
from drivers.transport.wire import Dial, WireLost

WATCH_MS: Final = 300
"""How long one wait for a card lasts; closing waits for no more than this, in a thread."""
COUNTER_SHIFT: Final = 16
"""The upper half of a reader's state counts insertions and removals."""

Scard = Any
"""pyscard's `smartcard.scard`, which ships no types."""


class PcscError(Exception):
    """The card service refused; the text is its own."""


class _Context:
    """One connection to the service, used from one lane."""

    def __init__(self, scard: Scard) -> None:
        self._scard = scard
        self._handle = self._checked(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))[0]

    def _checked(self, answer: Any) -> tuple[Any, ...]:
        """What a call gave beyond its code. Raises `PcscError`."""
        code, *given = answer if isinstance(answer, list | tuple) else (answer,)
        if code != self._scard.SCARD_S_SUCCESS:
            raise PcscError(self._scard.SCardGetErrorMessage(code))
        return tuple(given)

    def release(self) -> None:
        self._scard.SCardReleaseContext(self._handle)


class _Watcher(_Context):
    """Knows which readers there are, and waits for a change in one."""

    def readers(self) -> list[str]:
        code, names = self._scard.SCardListReaders(self._handle, [])
        if code == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        self._checked((code,))
        return list(names)

    def wait(self, reader: str, state: int) -> int:
        """The reader's state once it differs from `state`, or after a while. Raises `PcscError` where it is gone."""
        scard = self._scard
        code, changes = scard.SCardGetStatusChange(self._handle, WATCH_MS, [(reader, state)])
        if code == scard.SCARD_E_TIMEOUT:
            return state
        self._checked((code,))
        now = int(changes[0][1])
        if now & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise PcscError("the reader is gone")
        return now

    def present(self, state: int) -> bool:
        return bool(state & self._scard.SCARD_STATE_PRESENT)


class _Talker(_Context):
    """The card that is in, if any."""

    def __init__(self, scard: Scard, reader: str) -> None:
        super().__init__(scard)
        self._reader = reader
        self._card: Any = None
        self._protocol = 0

    def connect(self) -> bytes:
        """Take the card; its ATR, or nothing where it gives no answer or somebody else has it."""
        scard = self._scard
        self.disconnect()
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        try:
            self._card, self._protocol = self._checked(
                scard.SCardConnect(self._handle, self._reader, scard.SCARD_SHARE_EXCLUSIVE, protocols)
            )
            return self._atr()
        except PcscError:
            self.disconnect()
            return b""

    def reset(self) -> bytes:
        """The ATR after a reset, or nothing."""
        if self._card is None:
            return b""
        scard = self._scard
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        try:
            (self._protocol,) = self._checked(
                scard.SCardReconnect(self._card, scard.SCARD_SHARE_EXCLUSIVE, protocols, scard.SCARD_RESET_CARD)
            )
            return self._atr()
        except PcscError:
            self.disconnect()
            return b""

    def transmit(self, command: bytes) -> bytes:
        """The response, or nothing: then the card is given up."""
        if self._card is None:
            return b""
        try:
            (response,) = self._checked(self._scard.SCardTransmit(self._card, self._protocol, list(command)))
        except PcscError:
            self.disconnect()
            return b""
        return bytes(byte & 0xFF for byte in response)

    def disconnect(self) -> None:
        if self._card is not None:
            self._scard.SCardDisconnect(self._card, self._scard.SCARD_RESET_CARD)
            self._card = None

    def release(self) -> None:
        self.disconnect()
        super().release()

    def _atr(self) -> bytes:
        *_, atr = self._checked(self._scard.SCardStatus(self._card))
        return bytes(byte & 0xFF for byte in atr)


class PcscWire:
    def __init__(self, reader: str, watcher: _Watcher, talker: _Talker, lanes: tuple[Lane, Lane]) -> None:
        self._reader = reader
        self._watcher = watcher
        self._talker = talker
        self._watching, self._talking = lanes
        self._asked = Unpacker(CARD)
        self._inbox = Inbox()
        self._watch = asyncio.create_task(self._follow(), name=f"pcsc {reader}")

    async def write(self, data: bytes) -> None:
        """Raises `ValueError` for anything but frames that a host may send: the driver's bug."""
        for packet in self._asked.receive(data):
            match packet:
                case Packet(Card.COMMAND, command):
                    await self._exchange(command)
                case Packet(Card.RESET):
                    self._tell_card(await self._call(self._talker.reset))
                case _:
                    raise ValueError("not what a host sends to a card reader")

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def close(self) -> None:
        self._inbox.end("closed")
        self._watch.cancel()
        self._watching.close(self._watcher.release)
        self._talking.close(self._talker.release)

    async def _exchange(self, command: bytes) -> None:
        response = await self._call(partial(self._talker.transmit, command))
        if response:
            self._inbox.put(pack(Card.RESPONSE, response))
        else:
            self._tell_card(b"")

    async def _call(self, work: Any) -> bytes:
        try:
            return bytes(await self._talking.call(work))
        except LaneFull as error:
            raise WireLost(str(error)) from error

    def _tell_card(self, atr: bytes) -> None:
        self._inbox.put(pack(Card.PRESENT, atr))

    async def _follow(self) -> None:
        """Tell each card that comes and goes, until the reader itself goes."""
        state, told = 0, 0
        try:
            while self._inbox.ended is None:
                state = await self._watching.call(partial(self._watcher.wait, self._reader, state))
                present = self._watcher.present(state)
                mark = state >> COUNTER_SHIFT << 1 | present
                if mark != told and (present or told & 1):
                    if told & 1:
                        self._tell_card(b"")
                    if present:
                        self._tell_card(await self._call(self._talker.connect))
                told = mark
        except (PcscError, LaneFull, WireLost) as error:
            self._inbox.end(str(error))


def dial_pcsc(name: str) -> Dial:
    """`name` is a reader's whole name, or the beginning of exactly one: the numbers at the end change with each plugging."""

    async def dial() -> PcscWire:
        try:
            from smartcard import scard
        except ImportError as missing:
            raise WireLost("card readers need the package pyscard: install branchbox[devices]") from missing
        watching, talking = Lane("pcsc watch"), Lane("pcsc talk")
        try:
            watcher = await watching.call(partial(_Watcher, scard))
            reader = _chosen(name, await watching.call(watcher.readers))
            talker = await talking.call(partial(_Talker, scard, reader))
        except PcscError as error:
            _give_up(watching, talking)
            raise WireLost(str(error)) from error
        except BaseException:  # a dial that is given up leaves no thread behind
            _give_up(watching, talking)
            raise
        return PcscWire(reader, watcher, talker, (watching, talking))

    return dial


def _chosen(name: str, readers: list[str]) -> str:
    fitting = [name] if name in readers else [reader for reader in readers if reader.startswith(name)]
    if len(fitting) != 1:
        raise PcscError(f"{len(fitting)} of {len(readers)} readers are called {name!r}")
    return fitting[0]


def _give_up(*lanes: Lane) -> None:
    for lane in lanes:
        lane.close(lambda: None)
