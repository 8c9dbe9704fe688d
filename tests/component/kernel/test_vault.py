"""The vault on a real database: round trips, binding, shredding, rotation, and the identities that are put into it."""

import json
import string
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from edge.kernel import keys as key_files
from edge.kernel.db import Connection, connect
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind, mask, mask_name, normalise
from edge.kernel.keys import BoxKeys, KeyFolder, KeysRefused
from edge.kernel.vault import SCHEMA, Vault, VaultDamaged, VaultLocked

KEYS = BoxKeys((bytes(range(32)),))
NAMES = st.text(st.characters(exclude_characters="|", exclude_categories=("Cs", "Cc")), min_size=1, max_size=64)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with closing(connect(tmp_path / "core.db")) as opened:
        opened.execute(SCHEMA)
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys", writable=True)


# --- keeping


@given(subject=NAMES, name=NAMES, plain=st.binary(max_size=2000))
def test_what_was_put_is_got(subject: str, name: str, plain: bytes) -> None:
    with closing(connect(":memory:")) as memory:
        memory.execute(SCHEMA)
        Vault(KEYS).put(memory, subject, name, plain, now_ms=1)
        assert Vault(KEYS).get(memory, subject, name) == plain


def test_putting_again_replaces_and_forgetting_removes_one_item(connection: Connection) -> None:
    vault = Vault(KEYS)
    vault.put(connection, "c1", "name", b"old", now_ms=1)
    vault.put(connection, "c1", "name", b"new", now_ms=2)
    vault.put(connection, "c1", "phone", b"+8613812341234", now_ms=2)
    assert vault.get(connection, "c1", "name") == b"new"
    assert vault.forget(connection, "c1", "name")
    assert not vault.forget(connection, "c1", "name")
    assert vault.get(connection, "c1", "name") is None
    assert vault.names(connection, "c1") == ["phone"]


@pytest.mark.parametrize(("subject", "name"), [("a|b", "c"), ("a", "b|c"), ("", "a"), ("a", ""), ("a" * 65, "a")])
def test_names_that_could_be_confused_are_refused(connection: Connection, subject: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"no \|"):
        Vault(KEYS).put(connection, subject, name, b"", now_ms=1)


def test_an_item_over_the_limit_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="does not belong in the vault"):
        Vault(KEYS).put(connection, "c1", "scan", bytes(256 * 1024 + 1), now_ms=1)
    assert Vault(KEYS).names(connection, "c1") == []


def test_nothing_of_it_is_in_the_database_in_the_clear(connection: Connection, tmp_path: Path) -> None:
    Vault(KEYS).put(connection, "c1", "id_card", b"11010519491231002X", now_ms=1)
    for file in tmp_path.iterdir():
        assert b"11010519491231002X" not in file.read_bytes()


# --- against whoever holds a copy


@given(at=st.integers(min_value=0), bit=st.integers(0, 7), table=st.sampled_from(["item", "subject"]))
def test_one_flipped_bit_and_it_does_not_open(at: int, bit: int, table: str) -> None:
    with closing(connect(":memory:")) as memory:
        memory.execute(SCHEMA)
        vault = Vault(KEYS)
        vault.put(memory, "c1", "name", b"someone", now_ms=1)
        column = {"item": "cipher", "subject": "wrapped"}[table]
        stored = bytearray(memory.execute(f"SELECT {column} FROM vault_{table}").get)  # noqa: S608 -- two constant names
        stored[at % len(stored)] ^= 1 << bit
        memory.execute(f"UPDATE vault_{table} SET {column} = ?", (bytes(stored),))  # noqa: S608 -- two constant names
        with pytest.raises((VaultDamaged, VaultLocked)):
            vault.get(memory, "c1", "name")


def test_an_item_moved_to_another_name_or_subject_does_not_open(connection: Connection) -> None:
    vault = Vault(KEYS)
    vault.put(connection, "rich", "balance", b"9000000", now_ms=1)
    vault.put(connection, "poor", "balance", b"12", now_ms=1)
    connection.execute("UPDATE vault_item SET name = 'limit' WHERE subject = 'rich'")
    with pytest.raises(VaultDamaged):
        vault.get(connection, "rich", "limit")
    connection.execute("UPDATE vault_item SET cipher = (SELECT cipher FROM vault_item WHERE subject = 'rich')")
    with pytest.raises(VaultDamaged):
        vault.get(connection, "poor", "balance")


def test_a_subject_key_given_to_another_subject_does_not_open(connection: Connection) -> None:
    vault = Vault(KEYS)
    vault.put(connection, "a", "x", b"1", now_ms=1)
    vault.put(connection, "b", "x", b"2", now_ms=1)
    connection.execute("UPDATE vault_subject SET wrapped = (SELECT wrapped FROM vault_subject WHERE subject = 'a')")
    with pytest.raises(VaultDamaged):
        vault.get(connection, "b", "x")


def test_an_item_without_a_subject_is_a_damage_not_an_absence(connection: Connection) -> None:
    vault = Vault(KEYS)
    vault.put(connection, "a", "x", b"1", now_ms=1)
    connection.execute("PRAGMA foreign_keys = OFF").fetchall()
    connection.execute("DELETE FROM vault_subject")
    with pytest.raises(VaultDamaged):
        vault.get(connection, "a", "x")


def test_another_box_opens_nothing(connection: Connection) -> None:
    Vault(KEYS).put(connection, "c1", "name", b"someone", now_ms=1)
    with pytest.raises(VaultLocked):
        Vault(BoxKeys((bytes(32),))).get(connection, "c1", "name")


# --- shredding


def test_shred_makes_a_raw_copy_of_the_items_unreadable(connection: Connection) -> None:
    """Whoever copied the items and the journal before, and holds the box key, still has nothing after the shred."""
    vault = Vault(KEYS)
    vault.put(connection, "c1", "name", b"someone", now_ms=1)
    vault.put(connection, "c2", "name", b"another", now_ms=1)
    items = connection.execute("SELECT * FROM vault_item").fetchall()

    assert vault.shred(connection, "c1")
    assert not vault.shred(connection, "c1")

    assert vault.get(connection, "c1", "name") is None
    assert vault.get(connection, "c2", "name") == b"another"
    connection.execute("PRAGMA foreign_keys = OFF").fetchall()
    connection.executemany("INSERT OR IGNORE INTO vault_item VALUES (?, ?, ?, ?)", items)
    with pytest.raises(VaultDamaged, match="no key"):
        vault.get(connection, "c1", "name")
    vault.put(connection, "c1", "other", b"the same subject again", now_ms=2)
    with pytest.raises(VaultDamaged):
        vault.get(connection, "c1", "name")


def test_after_shred_and_checkpoint_the_key_is_on_no_page_of_the_file(connection: Connection, tmp_path: Path) -> None:
    vault = Vault(KEYS)
    for n in range(300):
        vault.put(connection, f"customer-{n}", "name", b"someone" * 20, now_ms=1)
    wrapped: bytes = connection.execute("SELECT wrapped FROM vault_subject WHERE subject = 'customer-150'").get
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert wrapped in (tmp_path / "core.db").read_bytes()

    vault.shred(connection, "customer-150")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    for file in tmp_path.iterdir():
        assert wrapped not in file.read_bytes()
        assert b"customer-150" not in file.read_bytes()


def test_a_shred_that_is_rolled_back_shreds_nothing(connection: Connection) -> None:
    vault = Vault(KEYS)
    vault.put(connection, "c1", "name", b"someone", now_ms=1)
    connection.execute("BEGIN IMMEDIATE")
    vault.shred(connection, "c1")
    connection.execute("ROLLBACK")
    assert vault.get(connection, "c1", "name") == b"someone"


# --- the index


def test_the_index_hash_recognises_and_separates_kinds() -> None:
    vault = Vault(KEYS)
    card = vault.index_hash(IdentityKind.ID_CARD, "11010519491231002X")
    assert len(card) == 16
    assert card == Vault(KEYS).index_hash(IdentityKind.ID_CARD, "11010519491231002X")
    assert card != vault.index_hash(IdentityKind.PASSBOOK, "11010519491231002X")
    assert card != Vault(BoxKeys((bytes(32),))).index_hash(IdentityKind.ID_CARD, "11010519491231002X")


# --- keys


def test_rotation_keeps_everything_readable_and_every_index_hash(connection: Connection, folder: KeyFolder) -> None:
    first = Vault(key_files.open_box_keys(folder, create=True))
    for n in range(5):
        first.put(connection, f"c{n}", "name", b"someone", now_ms=1)
    mark = first.index_hash(IdentityKind.PHONE, "+8613812341234")

    old = key_files.open_box_keys(folder, create=False)
    rotated = Vault(key_files.rotate_box_key(folder))
    assert rotated.get(connection, "c0", "name") == b"someone"
    assert [rotated.rewrap(connection, limit=3), rotated.rewrap(connection, limit=3), rotated.rewrap(connection)] == [3, 2, 0]

    with pytest.raises(VaultLocked):
        Vault(old).get(connection, "c0", "name")
    again = Vault(key_files.rotate_box_key(folder))
    while again.rewrap(connection):
        pass
    kept = key_files.retire_box_keys(folder)
    assert len(kept.keys) == 2
    assert Vault(kept).get(connection, "c4", "name") == b"someone"
    assert Vault(kept).index_hash(IdentityKind.PHONE, "+8613812341234") == mark


def test_keys_are_private_files_made_once(folder: KeyFolder) -> None:
    made = key_files.open_box_keys(folder, create=True)
    signer = key_files.open_signing_key(folder, create=True)
    assert key_files.open_box_keys(folder, create=True) == made
    assert key_files.open_signing_key(folder, create=False).public == signer.public
    assert [(file.name, file.stat().st_mode & 0o777) for file in sorted(folder.path.iterdir())] == [
        ("box.key", 0o600),
        ("signing.key", 0o600),
    ]
    assert made.current.hex() not in repr(made)
    assert str(made.current) not in repr(made)


def test_a_box_that_has_lived_never_gets_a_new_key(folder: KeyFolder) -> None:
    with pytest.raises(KeysRefused, match="missing"):
        key_files.open_box_keys(folder, create=False)
    assert not folder.path.exists()


def test_keys_that_others_can_read_or_that_are_cut_are_refused(folder: KeyFolder) -> None:
    key_files.open_box_keys(folder, create=True)
    (folder.path / "box.key").chmod(0o640)
    with pytest.raises(KeysRefused, match="0600"):
        key_files.open_box_keys(folder, create=False)
    (folder.path / "box.key").chmod(0o600)
    for damaged in (b"", bytes(31), bytes(33)):
        (folder.path / "box.key").write_bytes(damaged)
        with pytest.raises(KeysRefused):
            key_files.open_box_keys(folder, create=False)


def test_credentials_from_systemd_are_used_and_never_written(tmp_path: Path) -> None:
    given_keys = tmp_path / "credentials"
    given_keys.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(given_keys)}
    assert key_files.find_keys(tmp_path, environ) == KeyFolder(tmp_path / "keys", writable=True)
    (given_keys / "box.key").write_bytes(bytes(range(32)))
    (given_keys / "box.key").chmod(0o400)
    found = key_files.find_keys(tmp_path, environ)
    assert key_files.open_box_keys(found, create=True) == KEYS
    for change in (key_files.rotate_box_key, key_files.retire_box_keys):
        with pytest.raises(KeysRefused, match="from outside"):
            change(found)
    with pytest.raises(KeysRefused, match="missing"):
        key_files.open_signing_key(found, create=True)
    named = key_files.find_keys(tmp_path, environ | {"BRANCHBOX_KEYS": str(tmp_path / "named")})
    assert named == KeyFolder(tmp_path / "named", writable=False)


def test_exported_keys_come_back_on_another_box_only_with_the_passphrase(folder: KeyFolder, tmp_path: Path) -> None:
    key_files.open_box_keys(folder, create=True)
    signer = key_files.open_signing_key(folder, create=True)
    rotated = key_files.rotate_box_key(folder)
    with pytest.raises(KeysRefused, match="12 characters"):
        key_files.export_keys(folder, "short")
    sealed = key_files.export_keys(folder, "correct horse battery")
    assert rotated.current not in sealed

    spare = KeyFolder(tmp_path / "spare" / "keys", writable=True)
    for wrong, passphrase in ((sealed, "wrong horse battery"), (sealed[:-1], "correct horse battery"), (b"x", "any")):
        with pytest.raises(KeysRefused):
            key_files.import_keys(spare, wrong, passphrase)
    assert key_files.import_keys(spare, sealed, "correct horse battery") == rotated
    assert key_files.open_signing_key(spare, create=False).public == signer.public
    with pytest.raises(KeysRefused, match="already"):
        key_files.import_keys(spare, sealed, "correct horse battery")


# --- identities


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (IdentityKind.ID_CARD, "11010519491231002x", "11010519491231002X"),
        (IdentityKind.ID_CARD, "１１０１０５ 19491231 002X", "11010519491231002X"),
        (IdentityKind.ID_CARD, "110105491231002", "11010519491231002X"),
        (IdentityKind.BANK_CARD, "6222 0212 3456 7894", "6222021234567894"),
        (IdentityKind.PHONE, "138 1234-1234", "+8613812341234"),
        (IdentityKind.PHONE, "8613812341234", "+8613812341234"),
        (IdentityKind.PHONE, "0086 138 1234 1234", "+8613812341234"),
        (IdentityKind.PHONE, "(021) 6234-5678", "+862162345678"),
        (IdentityKind.PHONE, "010-62345678", "+861062345678"),
        (IdentityKind.PHONE, "+852 9123 4567", "+85291234567"),
        (IdentityKind.PASSBOOK, "01-1234 5678a", "0112345678A"),
        (IdentityKind.PLATE, "京A·12345", "京A12345"),
        (IdentityKind.PLATE, "粤ｂ d12345", "粤BD12345"),
        (IdentityKind.PLATE, "沪A1234警", "沪A1234警"),
    ],
)
def test_every_spelling_becomes_the_one(kind: IdentityKind, raw: str, value: str) -> None:
    assert normalise(kind, raw).value == value
    assert normalise(kind, value).value == value


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        (IdentityKind.ID_CARD, "110105194912310021", "check_digit"),
        (IdentityKind.ID_CARD, "110105194913310024", "date"),
        (IdentityKind.ID_CARD, "110105491331002", "date"),
        (IdentityKind.ID_CARD, "1101051949123100", "form"),
        (IdentityKind.ID_CARD, "1" * 65, "length"),
        (IdentityKind.BANK_CARD, "62220212345", "form"),
        (IdentityKind.PHONE, "12812341234", "form"),
        (IdentityKind.PHONE, "+8612812341234", "form"),
        (IdentityKind.PHONE, "", "form"),
        (IdentityKind.PASSBOOK, "1234;drop", "form"),
        (IdentityKind.PLATE, "京I12345", "form"),
        (IdentityKind.PLATE, "京A123", "form"),
    ],
)
def test_a_refusal_says_why_and_never_repeats_what_was_typed(kind: IdentityKind, raw: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        normalise(kind, raw)
    assert refused.value.code == "invalid_identity"
    assert refused.value.facts == {"kind": kind.value, "reason": reason}
    assert refused.value.__cause__ is None


@given(st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True))
def test_id_numbers_with_their_check_digit_pass_and_any_other_digit_fails(body: str) -> None:
    right = mod_11_2.calc_check_digit(body)
    assert normalise(IdentityKind.ID_CARD, body + right).value == body + right
    for wrong in set("0123456789X") - {right}:
        with pytest.raises(Rejected):
            normalise(IdentityKind.ID_CARD, body + wrong)


@given(st.text(string.digits, min_size=11, max_size=18))
def test_a_card_whose_check_digit_does_not_fit_is_taken_with_a_doubt(body: str) -> None:
    right = luhn.calc_check_digit(body)
    assert normalise(IdentityKind.BANK_CARD, body + right).doubt is None
    assert normalise(IdentityKind.BANK_CARD, body + str((int(right) + 1) % 10)).doubt == "luhn"


@given(st.sampled_from(IdentityKind), st.text(max_size=70))
def test_whatever_is_typed_is_either_normal_or_refused(kind: IdentityKind, raw: str) -> None:
    try:
        value = normalise(kind, raw).value
    except Rejected as refused:
        json.dumps(refused.facts)
    else:
        assert normalise(kind, value).value == value


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (IdentityKind.PHONE, "+8613812341234", "138****1234"),
        (IdentityKind.PHONE, "+85291234567", "+85*****4567"),
        (IdentityKind.ID_CARD, "11010519491231002X", "110105********002X"),
        (IdentityKind.BANK_CARD, "6222021234567894", "622202******7894"),
        (IdentityKind.PASSBOOK, "0112345678A", "*******678A"),
        (IdentityKind.PLATE, "京A12345", "京A***45"),
        (IdentityKind.PASSBOOK, "123456", "******"),
    ],
)
def test_masks(kind: IdentityKind, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("张三丰", "张**"), ("张", "*"), ("", ""), ("Zhang San", "Z**** S**")]
)
def test_names_show_their_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown
