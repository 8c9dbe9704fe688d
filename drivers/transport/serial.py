"""A wire over a serial port: a real one, a USB adapter, or a pty in tests and demos.

pyserial sets the line up; bytes then go through the file descriptor and the event loop directly, because pyserial's own
reading and writing block.
"""

from typing import Final

import serial

from drivers.profiles import SerialLine
from drivers.transport.descriptor import Descriptor
from drivers.transport.wire import Dial, WireLost

_PARITY: Final = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


class SerialWire:
    """One open port. At most one task writes and one reads."""

    def __init__(self, port: serial.Serial) -> None:
        self._line = Descriptor(port.fileno(), port.close)

    async def write(self, data: bytes) -> None:
        await self._line.write(data)

    async def read(self) -> bytes:
        if data := await self._line.read():
            return data
        raise WireLost("the port is gone")

    async def close(self) -> None:
        self._line.close()


def dial_serial(path: str, line: SerialLine) -> Dial:
    async def dial() -> SerialWire:
        try:
            return SerialWire(_open(path, line))
        except (OSError, ValueError) as error:  # pyserial's own exception is an OSError
            raise WireLost(f"{path}: {error}") from error

    return dial


def _open(path: str, line: SerialLine) -> serial.Serial:
    port = serial.Serial(
        path,
        baudrate=line.baud,
        bytesize=int(line.format[0]),
        parity=_PARITY[line.format[1]],
        stopbits=int(line.format[2]),
        timeout=0,
        write_timeout=0,
        xonxoff=line.flow == "xonxoff",
        rtscts=line.flow == "rtscts",
        dsrdtr=line.flow == "dsrdtr",
        exclusive=True,
    )
    port.reset_input_buffer()  # answers to whoever had the port before are not ours
    return port
