"""Making a `.fw` file: what head office does with a maker's firmware before it goes to the branches."""

from hashlib import sha256

import msgspec

from drivers.interfaces.firmware import PACKAGE_BYTES_MAX
from edge.firmware.model import DOCUMENT, PackageDocument
from sync.documents import canonical, sign_document
from sync.keys import Sign


class PackageRefused(Exception):
    """It cannot be packed; the text says why."""


def pack(sign: Sign, profile: str, version: str, content: bytes) -> bytes:
    """The file, JSON as `POST /api/devices/{device}/firmware` takes it. Raises `PackageRefused`."""
    if not 0 < len(content) <= PACKAGE_BYTES_MAX:
        raise PackageRefused(f"a package has 1 to {PACKAGE_BYTES_MAX} bytes, not {len(content)}")
    said = {"profile": profile, "version": version, "sha256": sha256(content).hexdigest(), "size_bytes": len(content)}
    try:
        msgspec.convert(said, PackageDocument)
    except msgspec.ValidationError as error:
        raise PackageRefused(str(error)) from error
    document = canonical(said)
    return msgspec.json.encode({"document": document, "signature": sign_document(sign, DOCUMENT, document), "package": content})
