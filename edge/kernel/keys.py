"""The box's secrets: files that only the daemon may read.

    keys/box.key       32-byte keys, oldest first; the last one wraps the vault's subject keys
    keys/signing.key   the seed of the Ed25519 key that signs backups and what goes to head office

* Rotation appends a key. The oldest stays for good as the root of the index hashes: hashes that are in the journal must
  go on meaning the same customer.
* systemd credentials are respected: where `$CREDENTIALS_DIRECTORY` holds `box.key`, or `$BRANCHBOX_KEYS` names a folder, keys
  are read there and never made or changed there.
* A missing key is made only for a new box. For a box that has lived, a new key would silently orphan the vault.
* Keys are never in a backup. `export_keys` seals them under a passphrase for the safe.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge.kernel.files import make_folder, write_durably
from sync.keys import SigningKey

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
BOX_KEYS_MAX: Final = 64
BOX: Final = "box.key"
SIGNING: Final = "signing.key"

PASSPHRASE_CHARS_MIN: Final = 12
_ESCROW_MAGIC: Final = b"BBKEYS1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12


class KeysRefused(Exception):
    """The box's keys are missing, damaged, open to others, or not to be changed here."""


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """Where the keys are, and whether this process may write there."""

    path: Path
    writable: bool


@dataclass(frozen=True, slots=True, repr=False)
class BoxKeys:
    """The box key and its predecessors, oldest first. Never printed."""

    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= BOX_KEYS_MAX or any(len(key) != KEY_BYTES for key in self.keys):
            raise KeysRefused(f"{BOX} must hold 1 to {BOX_KEYS_MAX} keys of {KEY_BYTES} bytes")

    @property
    def current(self) -> bytes:
        return self.keys[-1]

    @property
    def root(self) -> bytes:
        """The first key the box ever had."""
        return self.keys[0]

    def find(self, key_id: bytes) -> bytes | None:
        return next((key for key in self.keys if id_of(key) == key_id), None)


def id_of(key: bytes) -> bytes:
    """A public name of a secret key; says nothing about it."""
    return derive(key, "id")[:KEY_ID_BYTES]


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose: HKDF-SHA256 of the box key, so that no key is used for two things."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"branchbox/" + purpose.encode()).derive(key)


def find_keys(data: Path, environ: Mapping[str, str] = os.environ) -> KeyFolder:
    """Where this box's keys are: `$BRANCHBOX_KEYS`, else systemd's credentials, else `keys/` in the data folder."""
    if named := environ.get("BRANCHBOX_KEYS"):
        return KeyFolder(Path(named), writable=False)
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / BOX).is_file():
        return KeyFolder(Path(credentials), writable=False)
    return KeyFolder(data / "keys", writable=True)


def open_box_keys(folder: KeyFolder, *, create: bool) -> BoxKeys:
    """Read the box keys. `create`: this is a new box, which may have its first one made."""
    content = _read_or_create(folder, BOX, create=create)
    if len(content) % KEY_BYTES:
        raise KeysRefused(f"{folder.path / BOX} is damaged: {len(content)} bytes are no whole number of keys")
    return BoxKeys(tuple(content[at : at + KEY_BYTES] for at in range(0, len(content), KEY_BYTES)))


def open_signing_key(folder: KeyFolder, *, create: bool) -> SigningKey:
    """Read the signing key. `create` as for `open_box_keys`."""
    content = _read_or_create(folder, SIGNING, create=create)
    if len(content) != KEY_BYTES:
        raise KeysRefused(f"{folder.path / SIGNING} is damaged: {len(content)} bytes instead of {KEY_BYTES}")
    return SigningKey(content)


def rotate_box_key(folder: KeyFolder) -> BoxKeys:
    """Append a new wrapping key. Then `Vault.rewrap` until it returns 0, then `retire_box_keys`."""
    _must_be_writable(folder)
    old = open_box_keys(folder, create=False)
    new = BoxKeys((*old.keys, os.urandom(KEY_BYTES)))
    write_durably(folder.path / BOX, b"".join(new.keys))
    return new


def retire_box_keys(folder: KeyFolder) -> BoxKeys:
    """Forget all keys but the root and the current one. What an older one still wraps, also in old backups, is lost."""
    _must_be_writable(folder)
    old = open_box_keys(folder, create=False)
    new = BoxKeys((old.root, old.current) if len(old.keys) > 1 else old.keys)
    write_durably(folder.path / BOX, b"".join(new.keys))
    return new


def export_keys(folder: KeyFolder, passphrase: str) -> bytes:
    """All keys, sealed under a passphrase (scrypt, AES-256-GCM): for the safe, apart from the backups."""
    if len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise KeysRefused(f"a passphrase of at least {PASSPHRASE_CHARS_MIN} characters is needed")
    plain = open_signing_key(folder, create=False).seed + b"".join(open_box_keys(folder, create=False).keys)
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, plain, _ESCROW_MAGIC)
    return _ESCROW_MAGIC + salt + nonce + sealed


def import_keys(folder: KeyFolder, sealed: bytes, passphrase: str) -> BoxKeys:
    """Put exported keys in place on a new box. Refuses to replace keys that are there."""
    _must_be_writable(folder)
    if any((folder.path / name).exists() for name in (BOX, SIGNING)):
        raise KeysRefused(f"{folder.path} already holds keys; move them away first")
    if not sealed.startswith(_ESCROW_MAGIC):
        raise KeysRefused("this is no Branchbox key export")
    body = sealed[len(_ESCROW_MAGIC) :]
    salt, nonce, cipher = body[:_SALT_BYTES], body[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES], body[_SALT_BYTES + _NONCE_BYTES :]
    try:
        plain = AESGCM(_stretch(passphrase, salt)).decrypt(nonce, cipher, _ESCROW_MAGIC)
    except (InvalidTag, ValueError) as error:
        raise KeysRefused("the passphrase is wrong, or the export is damaged") from error
    make_folder(folder.path)
    write_durably(folder.path / SIGNING, plain[:KEY_BYTES])
    write_durably(folder.path / BOX, plain[KEY_BYTES:])
    return open_box_keys(folder, create=False)


def keyed_hash(key: bytes, content: bytes, length: int) -> bytes:
    """HMAC-SHA256, cut to `length` bytes."""
    return hmac.new(key, content, hashlib.sha256).digest()[:length]


def _must_be_writable(folder: KeyFolder) -> None:
    if not folder.writable:
        raise KeysRefused(f"{folder.path} holds credentials given from outside; change them where they come from")


def _read_or_create(folder: KeyFolder, name: str, *, create: bool) -> bytes:
    path = folder.path / name
    if not path.exists():
        if not (create and folder.writable):
            raise KeysRefused(f"{path} is missing; import the exported keys, never make new ones for a box that has lived")
        make_folder(folder.path)
        write_durably(path, os.urandom(KEY_BYTES))
    if path.stat().st_mode & 0o077:
        raise KeysRefused(f"{path} can be read by other users; it must have mode 0600")
    return path.read_bytes()


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=2**15, r=8, p=1).derive(passphrase.encode())
