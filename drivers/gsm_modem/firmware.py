"""A Quectel module's own way to a new firmware: the package is a file on the module, then DFOTA installs it. Pure.

    AT+QFOPEN?                      which files are open        +QFOPEN: <name>,<handle>,<mode>
    AT+QFLST="<pattern>"            which files there are       +QFLST: <name>,<size>
    AT+QFOPEN="<name>",0            open or create              +QFOPEN: <handle>
    AT+QFSEEK=<handle>,<offset>,0   from the beginning
    AT+QFWRITE=<handle>,<n>,<s>     CONNECT, n bytes            +QFWRITE: <written>,<size of the file>
    AT+QFCLOSE=<handle>  AT+QFDEL="<name>"
    AT+QFOTADL="/data/ufs/<name>"   OK, then it restarts and installs

The file's name is made of the package's hash, so two packages can never be mixed. The module checks the package's own signature
before it installs anything; a package that it refuses leaves the old firmware running.

Source: Quectel EC2x&EG9x FILE AT Commands Manual; Quectel EC2x&EG9x DFOTA User Guide.
"""

import re
from typing import Final, NamedTuple

WRITE_S: Final = 2
"""The module goes back to commands when a block has not come whole within this."""
FOLDER: Final = "/data/ufs/"
EVERY: Final = "*"
CONNECT: Final = "CONNECT"
_NAME: Final = re.compile(r"bb-[0-9a-f]{16}\.bin")
_LISTED: Final = re.compile(r'\+QFLST: ?"(?:UFS:)?([^"]{1,80})",(\d{1,9})')
_OPEN: Final = re.compile(r'\+QFOPEN: ?"(?:UFS:)?([^"]{1,80})",(\d{1,9}),\d')
_OPENED: Final = re.compile(r"\+QFOPEN: ?(\d{1,9})")
_WRITTEN: Final = re.compile(r"\+QFWRITE: ?(\d{1,9}),(\d{1,9})")


def file_name(package: str) -> str:
    """`bb-0123456789abcdef.bin`, from the package's SHA-256."""
    return f"bb-{package[:16]}.bin"


def is_ours(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


class Listed(NamedTuple):
    name: str
    size_bytes: int


class Opened(NamedTuple):
    name: str
    handle: int


def listed(line: str) -> Listed | None:
    found = _LISTED.fullmatch(line)
    return None if found is None else Listed(found.group(1), int(found.group(2)))


def open_file(line: str) -> Opened | None:
    """A file that is open, as `AT+QFOPEN?` tells."""
    found = _OPEN.fullmatch(line)
    return None if found is None else Opened(found.group(1), int(found.group(2)))


def handle(line: str) -> int | None:
    """Of the file that was just opened."""
    found = _OPENED.fullmatch(line)
    return None if found is None else int(found.group(1))


def written(line: str) -> tuple[int, int] | None:
    """How much of the block was taken, and how large the file is now."""
    found = _WRITTEN.fullmatch(line)
    return None if found is None else (int(found.group(1)), int(found.group(2)))
