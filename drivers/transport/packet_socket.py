"""The emulated ends of packet wires: what an emulator of a HID device, a card reader or a keyboard wedge plugs in.

An emulator says what its machine does with a report or a command; these turn that into frames for whoever is connected, over
TCP, a pty or memory alike. A host that sends what no host may send is answered as the kernel answers: not at all.
"""

from abc import ABC, abstractmethod
from typing import Protocol

from drivers.transport.outlet import HostEnd, Plug
from drivers.transport.packets import CARD, HID, Card, Hid, Lengths, Packet, Unexplained, Unpacker, pack, reason


class Refused(Exception):
    """The device does not have that feature, or does not take that value."""


class HidMachine(Protocol):
    """A HID device without its cable. Reports begin with their number where the device numbers them."""

    def output(self, report: bytes) -> None: ...

    def get_feature(self, number: int) -> bytes:
        """The report, its number first. Raises `Refused`."""
        ...

    def set_feature(self, report: bytes) -> None:
        """Raises `Refused`."""
        ...


class CardMachine(Protocol):
    """A card reader without its cable, and the card in it."""

    def atr(self) -> bytes:
        """Of the card that is in; empty where there is none."""
        ...

    def reset(self) -> None: ...

    def transmit(self, command: bytes) -> bytes:
        """The response; empty where the card gives none."""
        ...


class _Hosts:
    """Whoever is plugged in."""

    def __init__(self) -> None:
        self._hosts: list[HostEnd] = []

    def join(self, host: HostEnd) -> None:
        self._hosts.append(host)

    def leave(self, host: HostEnd) -> None:
        if host in self._hosts:
            self._hosts.remove(host)

    def tell(self, data: bytes) -> None:
        for host in tuple(self._hosts):
            host.reply(data)


class _PacketPlug(ABC):
    """One connection that understands frames."""

    def __init__(self, hosts: _Hosts, host: HostEnd, lengths: Lengths) -> None:
        self._hosts = hosts
        self._host = host
        self._unpacker = Unpacker(lengths)
        hosts.join(host)

    def receive(self, data: bytes) -> None:
        for packet in self._unpacker.receive(data):
            if not isinstance(packet, Unexplained):
                self._answer(packet)

    def pull_out(self) -> None:
        self._hosts.leave(self._host)

    @abstractmethod
    def _answer(self, packet: Packet) -> None: ...


class _HidPlug(_PacketPlug):
    def __init__(self, machine: HidMachine, hosts: _Hosts, host: HostEnd) -> None:
        super().__init__(hosts, host, HID)
        self._machine = machine

    def _answer(self, packet: Packet) -> None:
        try:
            match packet.kind:
                case Hid.OUTPUT:
                    self._machine.output(packet.payload)
                case Hid.GET_FEATURE:
                    self._host.reply(pack(Hid.FEATURE, self._machine.get_feature(packet.payload[0])))
                case Hid.SET_FEATURE:
                    self._machine.set_feature(packet.payload)
                    self._host.reply(pack(Hid.DONE))
                case _:
                    pass  # a device's own kinds, from a host
        except Refused as refusal:
            self._host.reply(pack(Hid.REFUSED, reason(str(refusal))))


class HidSocket:
    """A HID device that can be plugged in."""

    def __init__(self, machine: HidMachine) -> None:
        self._machine = machine
        self._hosts = _Hosts()

    def plug_in(self, host: HostEnd) -> Plug:
        return _HidPlug(self._machine, self._hosts, host)

    def input(self, report: bytes) -> None:
        """The device reports something."""
        self._hosts.tell(pack(Hid.INPUT, report))


class _CardPlug(_PacketPlug):
    def __init__(self, machine: CardMachine, hosts: _Hosts, host: HostEnd) -> None:
        super().__init__(hosts, host, CARD)
        self._machine = machine
        if atr := machine.atr():
            host.reply(pack(Card.PRESENT, atr))

    def _answer(self, packet: Packet) -> None:
        match packet.kind:
            case Card.COMMAND:
                response = self._machine.transmit(packet.payload)
                self._host.reply(pack(Card.RESPONSE, response) if response else pack(Card.PRESENT))
            case Card.RESET:
                self._machine.reset()
                self._host.reply(pack(Card.PRESENT, self._machine.atr()))
            case _:
                pass  # a reader's own kinds, from a host


class CardSocket:
    """A card reader that can be plugged in."""

    def __init__(self, machine: CardMachine) -> None:
        self._machine = machine
        self._hosts = _Hosts()

    def plug_in(self, host: HostEnd) -> Plug:
        return _CardPlug(self._machine, self._hosts, host)

    def changed(self) -> None:
        """A card was put in or taken out."""
        self._hosts.tell(pack(Card.PRESENT, self._machine.atr()))


class _InputPlug:
    def __init__(self, hosts: _Hosts, host: HostEnd) -> None:
        self._hosts = hosts
        self._host = host
        hosts.join(host)

    def receive(self, data: bytes) -> None:
        """Lamps switched from afar; nobody looks at them."""

    def pull_out(self) -> None:
        self._hosts.leave(self._host)


class InputSocket:
    """A keyboard wedge or a pen that can be plugged in: it only tells."""

    def __init__(self) -> None:
        self._hosts = _Hosts()

    def plug_in(self, host: HostEnd) -> Plug:
        return _InputPlug(self._hosts, host)

    def tell(self, events: bytes) -> None:
        """Events as `drivers.transport.input_events` packs them."""
        self._hosts.tell(events)
