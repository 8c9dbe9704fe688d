"""Backups on real files: made under writes, damaged in every way, restored without losing the old."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.kernel import backup as backups
from edge.kernel import outbox
from edge.kernel.backup import BackupRefused, list_backups, make_backup, restore, verify_backup
from edge.kernel.db import connect
from edge.kernel.domain import Effect
from edge.kernel.files import FolderBusy, hold_folder
from edge.kernel.journal import head
from edge.kernel.keys import KeyFolder, open_box_keys
from edge.kernel.notices import acknowledge, standing
from edge.kernel.vault import Vault
from sync.keys import SigningKey
from tests.component.kernel.box import KEY, NOW_MS, Box, append

PUBLIC = KEY.public


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "data", facts=500)


def back_up(box: Box, *, keep: int = 7) -> backups.Backup:
    return make_backup(box.data, KEY, now_ms=NOW_MS, made_by="0.1.0", keep=keep, pause=None)


def content_of(folder: Path) -> dict[str, bytes]:
    """All files of the database, as bytes."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.startswith("core.db")}


# --- making


def test_a_backup_says_what_it_holds_and_verifies(box: Box) -> None:
    made = back_up(box)
    assert made.number == 1
    assert (made.manifest.seq, made.manifest.hash) == (500, box.head().hash.hex())
    assert made.manifest.jid == box.life().jid.hex()
    assert made.manifest.schema == (
        "kernel/001-journal",
        "kernel/002-receipts",
        "kernel/003-outbox",
        "kernel/004-vault",
        "kernel/006-outbox-open-by-state",
    )
    assert verify_backup(made.path, PUBLIC) == made
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in made.path.parent.iterdir()) == ["000001.db", "000001.json"]


def test_an_empty_journal_can_be_backed_up_and_restored(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    made = back_up(box)
    assert made.manifest.seq == 0
    restore(box.data, made.path, PUBLIC, now_ms=NOW_MS)
    assert box.head().seq == 0


def test_a_backup_made_while_facts_are_written_is_one_consistent_moment(box: Box) -> None:
    """A writer commits without a break between the steps of the copy; the copy neither starts afresh nor mixes."""
    steps = 0
    with closing(connect(box.core)) as writer:

        def busy() -> None:
            nonlocal steps
            steps += 1
            append(writer, 3)

        before = head(writer).seq
        made = make_backup(box.data, KEY, now_ms=NOW_MS, made_by="0.1.0", pause=busy)
    assert steps >= 1
    assert made.manifest.seq == before
    assert box.head().seq == before + 3 * steps
    assert box.is_whole()


def test_a_backup_in_a_thread_does_not_hold_up_the_writer(box: Box) -> None:
    stop = threading.Event()

    def two_backups() -> None:
        back_up(box)
        back_up(box)
        stop.set()

    with closing(connect(box.core)) as writer:
        thread = threading.Thread(target=two_backups)
        thread.start()
        while not stop.is_set():
            append(writer, 1)
        thread.join()
    assert [listed.problem for listed in list_backups(box.data, PUBLIC)] == [None, None]
    assert box.is_whole()


def test_seven_are_kept_and_the_newest_is_first(box: Box) -> None:
    for _ in range(9):
        box.append(1)
        back_up(box)
    listed = list_backups(box.data, PUBLIC)
    assert [one.number for one in listed] == [9, 8, 7, 6, 5, 4, 3]
    assert [one.manifest.seq for one in listed if one.manifest] == [509, 508, 507, 506, 505, 504, 503]


def test_a_backup_that_is_not_usable_does_not_push_out_a_usable_one(box: Box) -> None:
    first = back_up(box)
    second = back_up(box, keep=2)
    second.path.write_bytes(b"")
    back_up(box, keep=2)
    assert [one.number for one in list_backups(box.data, PUBLIC) if one.problem is None] == [3, 1]
    assert verify_backup(first.path, PUBLIC) == first


def test_a_database_that_is_not_sound_gives_no_backup_and_costs_none(box: Box) -> None:
    good = back_up(box, keep=1)
    with closing(connect(box.core)) as connection:
        connection.execute("UPDATE journal SET actor = 'staff:6666' WHERE seq = 250")
    with pytest.raises(BackupRefused, match="breaks at 250"):
        back_up(box, keep=1)
    assert [one.path for one in list_backups(box.data, PUBLIC)] == [good.path]


def test_what_an_interrupted_backup_left_is_cleared_and_is_never_a_backup(box: Box) -> None:
    folder = back_up(box).path.parent
    (folder / "000002.db").write_bytes(b"copied, but its manifest was never written")
    (folder / "000003.db.part").write_bytes(b"half a copy")
    (folder / "before-queue-001.db").write_bytes(b"another file of the administrator")
    assert [one.problem for one in list_backups(box.data, PUBLIC)] == ["the copy or its manifest is missing", None]
    back_up(box)
    assert sorted(file.name for file in folder.glob("*.db*")) == ["000001.db", "000002.db", "before-queue-001.db"]


def test_a_backup_holds_no_keys_and_no_clear_personal_data(box: Box) -> None:
    keys = open_box_keys(KeyFolder(box.data / "keys", writable=True), create=True)
    with closing(connect(box.core)) as connection:
        Vault(keys).put(connection, "c1", "name", "张三丰".encode(), now_ms=NOW_MS)
    content = back_up(box).path.read_bytes()
    assert keys.current not in content
    assert "张三丰".encode() not in content
    restore(box.data, box.data / "backups" / "000001.db", PUBLIC, now_ms=NOW_MS)
    with closing(connect(box.core)) as connection:
        assert Vault(keys).get(connection, "c1", "name") == "张三丰".encode()


def test_a_backup_is_carried_to_a_stick_and_restored_from_there(box: Box, tmp_path: Path) -> None:
    carried = backups.carry(back_up(box), tmp_path / "stick")
    spare = tmp_path / "spare"
    spare.mkdir()
    done = restore(spare, carried.path, PUBLIC, now_ms=NOW_MS)
    assert done.quarantine is None
    assert Box(spare).head() == box.head()


# --- refusing


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def zero_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(4096) + content[12288:])


def change_manifest(path: Path) -> None:
    file = path.with_suffix(".json")
    file.write_bytes(file.read_bytes().replace(b'"seq":500', b'"seq":501'))


def garble_manifest(path: Path) -> None:
    path.with_suffix(".json").write_bytes(b"\xff\xfe not json\nzz\n")


def lose_manifest(path: Path) -> None:
    path.with_suffix(".json").unlink()


def resign_by_another(path: Path) -> None:
    file = path.with_suffix(".json")
    content = file.read_bytes().split(b"\n")[0]
    file.write_bytes(content + b"\n" + SigningKey(bytes(32)).sign(content).hex().encode())


DAMAGES = {
    damage.__name__: damage
    for damage in (flip, cut, zero_page, change_manifest, garble_manifest, lose_manifest, resign_by_another)
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_backup_is_refused_before_anything_is_touched(box: Box, damage: Callable[[Path], None]) -> None:
    made = back_up(box)
    box.append(10)
    before = content_of(box.data)
    damage(made.path)
    with pytest.raises(BackupRefused, match=r"000001\.db"):
        restore(box.data, made.path, PUBLIC, now_ms=NOW_MS)
    assert content_of(box.data) == before
    assert not (box.data / "quarantine").exists()


def test_a_signed_lie_about_the_journal_is_found(box: Box) -> None:
    """Even with a right signature: the head is recomputed from the records."""
    made = back_up(box)
    with closing(connect(made.path)) as connection:
        connection.execute("UPDATE journal SET body = x'7b7d' WHERE seq = 3")
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    lie = msgspec.structs.replace(made.manifest, sha256=backups._sha256(made.path), size_bytes=made.path.stat().st_size)
    backups._write_manifest(made.path, lie, KEY)
    with pytest.raises(BackupRefused, match="breaks at 3"):
        verify_backup(made.path, PUBLIC)


def test_a_renamed_backup_is_not_taken_for_another(box: Box) -> None:
    made = back_up(box)
    for suffix in (".db", ".json"):
        made.path.with_suffix(suffix).rename(made.path.with_name("000009" + suffix))
    with pytest.raises(BackupRefused, match="another file"):
        verify_backup(made.path.with_name("000009.db"), PUBLIC)


# --- restoring


def test_a_restore_declares_a_new_incarnation_and_keeps_the_old_database(box: Box) -> None:
    made = back_up(box)
    first_life = box.life()
    box.append(20)
    later = content_of(box.data)

    done = restore(box.data, made.path, PUBLIC, now_ms=NOW_MS + 1)

    assert box.head().seq == 500
    assert box.is_whole()
    life = box.life()
    assert life.jid == done.jid != first_life.jid
    assert (life.parent_jid, life.parent) == (first_life.jid, box.head())
    assert done.parent == box.head()
    assert done.quarantine is not None
    assert content_of(done.quarantine) == later
    assert (box.data / "core.db").stat().st_mode & 0o777 == 0o600
    assert verify_backup(made.path, PUBLIC) == made


def test_a_restore_is_told_until_somebody_acknowledges_it(box: Box) -> None:
    restore(box.data, back_up(box).path, PUBLIC, now_ms=NOW_MS + 1)
    (notice,) = standing(box.data)
    assert (notice.code, notice.at_ms) == ("restored_from_backup", NOW_MS + 1)
    assert notice.facts == {"lost_after_seq": 500, "backup_ms": NOW_MS}
    assert not acknowledge(box.data, "another")
    assert standing(box.data) == (notice,)
    assert acknowledge(box.data, notice.id)
    assert standing(box.data) == ()


def test_what_may_have_been_printed_after_the_backup_is_in_doubt_and_not_printed_again(box: Box) -> None:
    slip = Effect(kind="queue.print_slip", key="slip-1", payload=b"{}")
    with closing(connect(box.core)) as connection:
        outbox.add(connection, slip, seq=500, now_ms=NOW_MS)
    restore(box.data, back_up(box).path, PUBLIC, now_ms=NOW_MS)
    with closing(connect(box.core)) as connection:
        leased = outbox.lease(connection, "queue.print_slip", boot="this run", now_ms=NOW_MS)
    assert leased is not None
    assert leased.in_doubt


def test_restoring_twice_gives_two_incarnations_and_two_quarantines(box: Box) -> None:
    made = back_up(box)
    first = restore(box.data, made.path, PUBLIC, now_ms=NOW_MS)
    second = restore(box.data, made.path, PUBLIC, now_ms=NOW_MS)
    assert first.jid != second.jid
    assert first.quarantine != second.quarantine
    assert len(list((box.data / "quarantine").iterdir())) == 2


@pytest.mark.parametrize("moment", ["staged", "quarantined"])
def test_a_restore_cut_by_a_power_failure_is_finished_at_the_next_start(box: Box, moment: str) -> None:
    made = back_up(box)
    done = restore(box.data, made.path, PUBLIC, now_ms=NOW_MS)
    (notice,) = standing(box.data)
    (box.core).rename(box.data / backups.STAGED)
    (box.data / backups.STAGED_NOTICE).write_bytes(msgspec.json.encode(notice))
    (box.data / "notices.json").unlink()
    if moment == "staged":
        Box(box.data, facts=7)
    else:
        (box.data / "core.db-wal").write_bytes(b"the WAL of the database in quarantine")

    quarantined = backups.finish_restore(box.data, now_ms=NOW_MS)

    assert quarantined is not None
    assert quarantined != done.quarantine
    assert box.life().jid == done.jid
    assert box.head().seq == 500
    assert standing(box.data) == (notice,)
    assert backups.finish_restore(box.data, now_ms=NOW_MS) is None


def test_a_data_folder_has_one_holder(box: Box) -> None:
    with hold_folder(box.data), pytest.raises(FolderBusy), hold_folder(box.data):
        pass
    with hold_folder(box.data):
        pass


def test_a_pruned_journal_can_be_backed_up(box: Box) -> None:
    with closing(connect(box.core)) as connection:
        connection.execute("DELETE FROM journal WHERE seq <= 100")
    made = back_up(box)
    assert made.manifest.seq == 500
    assert verify_backup(made.path, PUBLIC) == made
