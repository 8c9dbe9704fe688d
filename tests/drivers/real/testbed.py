"""A machine's devices as umockdev pretends them: run under `umockdev-wrapper` by the system's Python, which has its bindings.

Reads one wish per line from standard input (JSON) and answers each with one line; the first line it prints names the test
bed's folder. Programs started with that folder in UMOCKDEV_DIR and the library preloaded see these devices and no others.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402 -- the version has to be named first

LPGETSTATUS = 0x060B
SET_FEATURE, GET_FEATURE = 6, 7
EPIPE = 32
WRITTEN_BYTES_MAX = 65_536

bed = UMockdev.Testbed.new()
handlers: list[Any] = []  # kept alive: the library holds no reference of its own


def add(text: str) -> None:
    """Plug in what the text describes, in umockdev's own notation; whoever listens is told."""
    bed.add_from_string(text)
    for line in text.splitlines():
        if line.startswith("P: "):
            bed.uevent("/sys" + line[3:], "add")


def remove(path: str) -> None:
    """Tell that it goes, then take it away. A reader of its file is cut off by `cut`."""
    bed.uevent("/sys" + path, "remove")
    bed.remove_device("/sys" + path)


def ioctls(node: str, file: str) -> None:
    bed.load_ioctl(node, file)


def hid(node: str, features: dict[str, str]) -> None:
    """Feature reports by number; one that is not there is refused as a stalled pipe, and so is writing one."""
    known = {int(number): bytes.fromhex(report) for number, report in features.items()}

    def get(report: bytes) -> tuple[int, int, bytes]:
        answer = known.get(report[0])
        return (len(answer), 0, answer) if answer else (-1, EPIPE, b"")

    def put(report: bytes) -> tuple[int, int, bytes]:
        if report[0] not in known:
            return -1, EPIPE, b""
        known[report[0]] = report
        return len(report), 0, b""

    answer_ioctls(node, {(ord("H"), GET_FEATURE): get, (ord("H"), SET_FEATURE): put})


def port_status(node: str, lines: int) -> None:
    answer_ioctls(node, {(LPGETSTATUS >> 8, LPGETSTATUS & 0xFF): lambda _: (0, 0, lines.to_bytes(4, sys.byteorder))})


def answer_ioctls(node: str, answers: dict[tuple[int, int], Callable[[bytes], tuple[int, int, bytes]]]) -> None:
    def handle(_: object, client: Any) -> bool:
        request = client.get_request()
        answer = answers.get((request >> 8 & 0xFF, request & 0xFF))
        if answer is None:
            return False
        buffer = client.get_arg().resolve(0, (request >> 16 & 0x3FFF) or 4)
        result, error, content = answer(bytes(buffer.retrieve()))
        if content:
            buffer.update(0, content)
        client.complete(result, error)
        return True

    handler = UMockdev.IoctlBase()
    handler.connect("handle-ioctl", handle)
    bed.attach_ioctl(node, handler)
    handlers.append(handler)


def send(node: str, content: str) -> None:
    """The device tells something."""
    os.write(bed.get_dev_fd(node), bytes.fromhex(content))


def received(node: str) -> str:
    """What has been written to the device and not been asked for yet."""
    fd = bed.get_dev_fd(node)
    os.set_blocking(fd, False)
    try:
        return os.read(fd, WRITTEN_BYTES_MAX).hex()
    except BlockingIOError:
        return ""


def cut(node: str) -> None:
    """Pull the cable under whoever has the file open."""
    os.close(bed.get_dev_fd(node))


WISHES = {wish.__name__: wish for wish in (add, remove, ioctls, hid, port_status, send, received, cut)}


def wish(*_: object) -> bool:
    """One line has come; False ends the listening."""
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    asked = json.loads(line)
    print(json.dumps(WISHES[asked.pop("wish")](**asked)), flush=True)
    return True


loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, wish)
print(json.dumps(bed.get_root_dir()), flush=True)
loop.run()
