"""A wire on standard input and output: a line of hexadecimal in is written to the device, whatever comes is a line out.

    python -m tests.drivers.real.through hid:///dev/hidraw9

Used by tests whose devices exist in another process only. The last line says why the wire ended.
"""

import asyncio
import sys

from drivers.profiles import SerialLine
from drivers.transport.address import dial_for
from drivers.transport.usblp import UsblpWire
from drivers.transport.wire import Wire, WireLost


async def main(address: str) -> None:
    try:
        wire = await dial_for(address, SerialLine())()
        print("open", flush=True)
        if isinstance(wire, UsblpWire):
            print(await wire.status(), flush=True)
        await asyncio.gather(_in(wire), _out(wire))
    except WireLost as lost:
        print(f"lost: {lost}", flush=True)


async def _out(wire: Wire) -> None:
    while True:
        print((await wire.read()).hex(), flush=True)


async def _in(wire: Wire) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        await wire.write(bytes.fromhex(line.decode()))
    await wire.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
