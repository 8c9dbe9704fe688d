"""A machine with nothing but a card service and a card, to be run in namespaces of its own (`card_service.py` does).

    python -m tests.drivers.real.card_machine RUN CONFIG

The virtual reader of vsmartcard listens on every address, so this machine has a network of its own, where only the loopback
is. Lines on standard input say what a hand does: `insert`, `pull`. It ends with its standard input.
"""

import contextlib
import fcntl
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from tests.drivers.real.bank_card import ATR, answer

PORT: Final = 0x8C7B
DRIVER: Final = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
READER: Final = "Virtual PCD"
ASK_ATR: Final = b"\x04"
POWER: Final = (b"\x00", b"\x01", b"\x02")
"""Off, on, reset: not answered."""
START_S: Final = 10.0
SIOCSIFFLAGS: Final = 0x8914
UP_AND_RUNNING: Final = 0x41


def raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))


def serve(line: socket.socket) -> None:
    """The card in the reader; each message is preceded by its length, two bytes big-endian."""
    stream = line.makefile("rwb")
    with contextlib.suppress(OSError, ValueError):  # pulled out
        while len(head := stream.read(2)) == 2:
            message = stream.read(int.from_bytes(head, "big"))
            if message not in POWER:
                said = ATR if message == ASK_ATR else answer(message)
                stream.write(len(said).to_bytes(2, "big") + said)
                stream.flush()


def main(run: str, config: str) -> None:
    raise_loopback()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    Path("/run/pcscd").mkdir()
    subprocess.run(["mount", "--bind", run, "/run/pcscd"], check=True)
    description = f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:{PORT:#x}\nLIBPATH {DRIVER}\nCHANNELID {PORT:#x}\n'
    Path(config, "vpcd").write_text(description, encoding="ascii")
    card: socket.socket | None = None
    with subprocess.Popen(["pcscd", "--foreground", "--config", config], stdout=subprocess.DEVNULL) as service:
        until_s = time.monotonic() + START_S
        while not Path("/run/pcscd/pcscd.comm").exists() and time.monotonic() < until_s:
            time.sleep(0.02)  # nothing else tells when the service listens
        print("ready", flush=True)
        for hand in sys.stdin:
            if card is not None:
                card.shutdown(socket.SHUT_RDWR)
                card = None
            if hand.strip() == "insert":
                card = socket.create_connection(("127.0.0.1", PORT))
                threading.Thread(target=serve, args=(card,), daemon=True).start()
        service.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
