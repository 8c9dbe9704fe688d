"""The BarcodeReader interface of XFS4IoT: QR and bar codes held before a scanner.

A scanner that is always on tells of each code by itself. One that waits for a trigger is told to look by `Read`.
"""

import msgspec

from drivers.api import Command, ErrorCode, Event, Payload
from drivers.confidential import Scanned


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """One code that was read."""

    text: Scanned
    symbology: str | None = None
    """AIM identifier without its bracket (`Q1` is QR), where the scanner sends it."""


class Read(Command, frozen=True, kw_only=True, tag="BarcodeReader.Read"):
    """Look for a code until one is read or the command's time is over."""


class Reset(Command, frozen=True, kw_only=True, tag="BarcodeReader.Reset"):
    """Trigger off, and whatever was half read is forgotten."""


class CodeRead(Payload, frozen=True, kw_only=True, tag="BarcodeReader.Read"):
    code: Code


BarcodeCommand = Read | Reset


class CodeScanned(Event, frozen=True, kw_only=True, tag="BarcodeReader.CodeScannedEvent"):
    """A code was read that no `Read` had asked for. Ours: XFS4IoT only answers `Read`."""

    code: Code


class CodeUnreadable(Event, frozen=True, kw_only=True, tag="BarcodeReader.CodeUnreadableEvent"):
    """Something came from the scanner that is no text in its character set, or was too long."""

    error: ErrorCode
