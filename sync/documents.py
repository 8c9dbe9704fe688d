"""Signed documents: what head office sets for its branches, in a form that both ends compute alike.

    signature = Ed25519( "branchbox document 1" 0x00 kind 0x00 body )

* The body is canonical JSON: UTF-8, keys sorted, no white space. A body that is not is refused: two texts of one meaning would
  have two hashes.
* The signature is over the body alone, so that one publication is signed once for all branches, and can be carried by hand.
"""

import hashlib
from typing import Any

import msgspec

from sync.keys import Sign, Verify, verify

MAX_DOCUMENT_BYTES = 64 * 1024
_DOMAIN = b"branchbox document 1\0"


def canonical(content: Any) -> bytes:
    """The one JSON text of `content`."""
    return msgspec.json.encode(content, order="sorted")


def is_canonical(body: bytes) -> bool:
    try:
        return canonical(msgspec.json.decode(body)) == body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def sign_document(sign: Sign, kind: str, body: bytes) -> bytes:
    return sign(_covered(kind, body))


def verify_document(key: bytes, kind: str, body: bytes, signature: bytes, check: Verify = verify) -> bool:
    """Whether the owner of `key` has signed this body as this kind of document."""
    return check(key, signature, _covered(kind, body))


def digest(body: bytes) -> str:
    """By what both ends name a document: SHA-256, hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def _covered(kind: str, body: bytes) -> bytes:
    return _DOMAIN + kind.encode() + b"\0" + body
