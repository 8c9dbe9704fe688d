"""Starting from what is really on disk: real files, really damaged."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel import startup
from edge.kernel.backup import list_backups, make_backup, restore
from edge.kernel.db import connect
from edge.kernel.journal import head
from edge.kernel.notices import acknowledge, standing
from edge.kernel.startup import Start, StartRefused, has_lived, mark_clean_stop, mark_ready, note_head, prepare
from sync.chain import START, Position
from tests.component.kernel.box import KEY, NOW_MS, Box, append

PUBLIC = KEY.public


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A branch that has served, was backed up at fact 12,000 and stopped cleanly at fact 12,500."""
    box = Box(tmp_path_factory.mktemp("template") / "data", facts=12_000)
    run(box.data)
    make_backup(box.data, KEY, now_ms=NOW_MS, made_by="0.1.0", pause=None)
    mark_clean_stop(box.data, box.append(500))
    return box.data


@pytest.fixture
def box(template: Path, data: Path) -> Box:
    shutil.copytree(template, data)
    return Box(data)


def start(data: Path) -> Start:
    return prepare(data, PUBLIC, now_ms=NOW_MS + 5000)


def run(data: Path) -> Start:
    """A start that gets ready, as the daemon does it."""
    begun = start(data)
    with closing(connect(data / "core.db")) as connection:
        mark_ready(data, head(connection))
    return begun


# --- healthy


def test_a_new_box_starts_fresh_and_only_once(data: Path) -> None:
    first = start(data)
    assert first.fresh
    assert (first.unclean, first.safe_mode, first.damage, first.notices) == (False, False, None, ())
    assert first.floor_ms == startup.build_time_ms()
    assert not has_lived(data)
    box = Box(data)
    mark_ready(data, START)
    assert has_lived(data)
    mark_clean_stop(data, box.head())
    assert not start(data).fresh


@pytest.mark.parametrize("left", ["nothing", "an empty file", "tables without an incarnation"])
def test_a_first_start_that_was_interrupted_is_simply_begun_again(data: Path, left: str) -> None:
    assert start(data).fresh
    if left == "an empty file":
        (data / "core.db").touch()
    if left == "tables without an incarnation":
        Box(data)
        with closing(connect(data / "core.db")) as connection:
            connection.execute("DELETE FROM journal_life")
    again = start(data)
    assert again.fresh
    assert again.damage is None


def test_a_clean_stop_and_start_changes_nothing(box: Box) -> None:
    life, tip = box.life(), box.head()
    begun = run(box.data)
    assert not begun.unclean
    assert (begun.damage, begun.restored, begun.notices) == (None, None, ())
    assert (box.life(), box.head()) == (life, tip)


def test_a_kill_is_noticed_and_loses_nothing(box: Box) -> None:
    run(box.data)
    tip = box.append(3)
    begun = run(box.data)
    assert begun.unclean
    assert (begun.damage, begun.notices) == (None, ())
    assert box.head() == tip
    mark_clean_stop(box.data, tip)
    assert not run(box.data).unclean


def test_a_wal_left_by_a_kill_is_taken_in(box: Box, tmp_path: Path) -> None:
    """The files as they are while the daemon runs: facts in the WAL, not yet in the database."""
    run(box.data)
    crashed = tmp_path / "crashed"
    with closing(connect(box.core)) as writer:
        tip = append(writer, 40)
        shutil.copytree(box.data, crashed)
    assert (crashed / "core.db-wal").stat().st_size > 0
    begun = run(crashed)
    assert begun.unclean
    assert begun.damage is None
    assert Box(crashed).head() == tip


def test_the_clock_starts_no_earlier_than_the_last_fact_and_the_build(box: Box) -> None:
    assert start(box.data).floor_ms == NOW_MS + 12_500
    assert startup.build_time_ms() >= startup.RELEASED_MS


# --- damaged


def flip_header(core: Path) -> None:
    overwrite(core, 3, b"\x00")


def flip_a_fact(core: Path) -> None:
    """One bit of one staff number: SQLite sees nothing, the chain does."""
    content = core.read_bytes()
    overwrite(core, content.index(b"staff:1001", content.index(b"ticket-11345")), b"staff:1000")


def flip_to_no_text(core: Path) -> None:
    content = core.read_bytes()
    overwrite(core, content.index(b"staff:1001", content.index(b"ticket-11345")), b"\xff\xfe")


def zero_a_page(core: Path) -> None:
    overwrite(core, 200 * 4096, bytes(4096))


def zero_the_schema(core: Path) -> None:
    overwrite(core, 100, bytes(3996))


def garbage_over_a_page(core: Path) -> None:
    overwrite(core, 300 * 4096, b"\x0d" + b"garbage" * 500)


def cut_in_half(core: Path) -> None:
    core.write_bytes(core.read_bytes()[: core.stat().st_size // 2])


def cut_the_last_page(core: Path) -> None:
    core.write_bytes(core.read_bytes()[:-4096])


def empty(core: Path) -> None:
    core.write_bytes(b"")


def not_a_database(core: Path) -> None:
    core.write_text("an editor saved this\n" * 5000, encoding="utf-8")


def another_database(core: Path) -> None:
    core.unlink()
    with closing(connect(core)) as connection:
        connection.execute("CREATE TABLE somebody_elses(x)")


def remove(core: Path) -> None:
    core.unlink()


def break_a_reference(core: Path) -> None:
    with closing(connect(core)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF").fetchall()
        connection.execute("INSERT INTO vault_item VALUES ('nobody', 'name', x'01', 1)")


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


DAMAGES = {
    damage.__name__: damage
    for damage in (
        flip_header,
        flip_a_fact,
        flip_to_no_text,
        zero_a_page,
        zero_the_schema,
        garbage_over_a_page,
        cut_in_half,
        cut_the_last_page,
        empty,
        not_a_database,
        another_database,
        remove,
        break_a_reference,
    )
}


@pytest.mark.parametrize("killed", [False, True], ids=["after a clean stop", "after a kill"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_answered_by_the_newest_backup_and_said_aloud(
    box: Box,
    damage: Callable[[Path], None],
    killed: bool,  # noqa: FBT001 -- a parametrised yes or no
) -> None:
    if killed:
        run(box.data)
    old_life = box.life()
    damage(box.core)
    damaged = box.core.read_bytes() if box.core.exists() else None

    begun = run(box.data)

    assert begun.unclean is killed
    assert begun.damage
    assert begun.restored is not None
    assert box.head().seq == 12_000
    assert box.is_whole()
    assert box.life().parent_jid == old_life.jid
    (notice,) = begun.notices
    assert notice.code == "restored_from_backup"
    assert notice.facts == {"lost_after_seq": 12_000, "backup_ms": NOW_MS}
    if damaged:
        assert begun.restored.quarantine is not None
        assert len((begun.restored.quarantine / "core.db").read_bytes()) == len(damaged)

    assert run(box.data).notices == (notice,)
    assert acknowledge(box.data, notice.id)
    assert run(box.data).notices == ()
    assert box.lives() == 2


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_without_a_usable_backup_it_refuses_and_touches_nothing(box: Box, damage: Callable[[Path], None]) -> None:
    damage(next((box.data / "backups").glob("*.db")))
    damage(box.core)
    before = box.core.read_bytes() if box.core.exists() else None
    for _ in range(2):
        with pytest.raises(StartRefused, match="数据库已损坏") as refused:
            start(box.data)
        assert (refused.value.code, refused.value.exit_code) == ("no_usable_backup", 65)
        assert "branchbox restore" in str(refused.value)
    assert (box.core.read_bytes() if box.core.exists() else None) == before
    assert list((box.data / "quarantine").iterdir()) == []


def test_the_newest_backup_being_rotten_the_one_before_is_taken(box: Box) -> None:
    make_backup(box.data, KEY, now_ms=NOW_MS + 1, made_by="0.1.0", pause=None)
    newest, _ = list_backups(box.data, PUBLIC)
    zero_a_page(newest.path)
    zero_a_page(box.core)
    begun = run(box.data)
    assert begun.restored is not None
    assert begun.restored.backup.number == 1
    assert box.head().seq == 12_000


def test_an_index_that_disagrees_with_its_table_is_found_after_a_kill(box: Box) -> None:
    """The quick check counts an index's entries, the full one compares them with the table."""
    with closing(connect(box.core)) as connection:
        connection.execute("INSERT INTO receipt VALUES ('id', x'00', 1, 1, NULL, x'00')")
        index = connection.execute("SELECT * FROM sqlite_schema WHERE name = 'receipt_by_age'").fetchone()
        connection.execute("PRAGMA writable_schema = ON").fetchall()
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'receipt_by_age'")
    with closing(connect(box.core)) as connection:
        connection.execute("UPDATE receipt SET at_ms = 2")
        connection.execute("PRAGMA writable_schema = ON").fetchall()
        connection.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", index)
    assert run(box.data).damage is None
    killed = run(box.data)
    assert killed.unclean
    assert killed.damage is not None
    assert "receipt_by_age" in killed.damage


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """Backed up at fact 300, stopped cleanly at fact 320."""
    box = Box(tmp_path_factory.mktemp("small") / "data", facts=300)
    run(box.data)
    make_backup(box.data, KEY, now_ms=NOW_MS, made_by="0.1.0", pause=None)
    mark_clean_stop(box.data, box.append(20))
    return box


ROT = st.tuples(st.sampled_from([100, 4096, 10**9]), st.integers(0), st.binary(min_size=1, max_size=64), st.booleans())


@settings(deadline=None, max_examples=50)
@given(rot=ROT)
def test_whatever_bytes_are_overwritten_it_starts_whole_or_restored(
    small: Box, tmp_path_factory: pytest.TempPathFactory, rot: tuple[int, int, bytes, bool]
) -> None:
    """Anywhere in the header, the schema or the file: never another error, never a broken chain, never a fact less unsaid."""
    part, at, content, killed = rot
    data = tmp_path_factory.mktemp("rot") / "data"
    shutil.copytree(small.data, data)
    core = data / "core.db"
    overwrite(core, at % min(part, core.stat().st_size), content)
    if killed:
        (data / "running").touch()
    begun = start(data)
    after = Box(data)
    assert after.is_whole()
    assert after.head().seq == (300 if begun.restored else 320)
    assert [notice.code for notice in begun.notices] == (["restored_from_backup"] if begun.restored else [])


def test_facts_journalled_after_a_rescue_stay(box: Box) -> None:
    not_a_database(box.core)
    run(box.data)
    tip = box.append(5)
    mark_clean_stop(box.data, tip)
    begun = run(box.data)
    assert begun.damage is None
    assert box.head() == tip


# --- sound, but less than it was


def test_a_deleted_wal_is_declared_as_a_fork(box: Box, tmp_path: Path) -> None:
    run(box.data)
    crashed = tmp_path / "crashed"
    with closing(connect(box.core)) as writer:
        note_head(box.data, append(writer, 40))
        shutil.copytree(box.data, crashed)
    (crashed / "core.db-wal").unlink()
    before = box.life()

    begun = run(crashed)

    again = Box(crashed)
    assert begun.damage is None
    assert again.head().seq == 12_500
    assert (again.life().parent_jid, again.life().parent) == (before.jid, again.head())
    (notice,) = begun.notices
    assert notice.code == "facts_missing"
    assert notice.facts == {"lost_after_seq": 12_500, "noted_seq": 12_540}
    assert run(crashed).notices == (notice,)
    assert again.lives() == 2


def test_an_old_copy_laid_over_the_database_is_declared_as_a_fork(box: Box) -> None:
    shutil.copy(box.data / "backups" / "000001.db", box.core)
    begun = run(box.data)
    assert begun.damage is None
    assert [notice.code for notice in begun.notices] == ["facts_missing"]
    assert box.life().parent == box.head()


def test_another_history_of_the_same_length_is_declared_as_a_fork(box: Box) -> None:
    note_head(box.data, Position(12_500, bytes(32)))
    assert [notice.code for notice in start(box.data).notices] == ["facts_missing"]


def test_an_unreadable_note_of_the_head_is_no_reason_to_doubt(box: Box) -> None:
    (box.data / "head").write_bytes(b"\x00\x00")
    assert start(box.data).notices == ()


def test_a_restore_by_hand_is_not_taken_for_lost_facts(box: Box) -> None:
    run(box.data)
    restore(box.data, box.data / "backups" / "000001.db", PUBLIC, now_ms=NOW_MS)
    begun = run(box.data)
    assert not begun.unclean
    assert [notice.code for notice in begun.notices] == ["restored_from_backup"]
    assert box.lives() == 2


# --- the machine, not the file


def test_a_folder_where_the_database_should_be_refuses_and_touches_nothing(box: Box) -> None:
    box.core.unlink()
    box.core.mkdir()
    with pytest.raises(StartRefused) as refused:
        start(box.data)
    assert (refused.value.code, refused.value.exit_code) == ("data_not_accessible", 77)
    assert box.core.is_dir()


def test_a_database_in_use_by_another_program_refuses_and_touches_nothing(box: Box) -> None:
    with closing(connect(box.core)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        append(other, 1)
        with pytest.raises(StartRefused) as refused:
            start(box.data)
    assert refused.value.code == "data_in_use"
    assert box.head().seq == 12_501


# --- safe mode


def test_the_fourth_start_after_three_that_did_not_get_ready_is_in_safe_mode(box: Box) -> None:
    assert [start(box.data).safe_mode for _ in range(5)] == [False, False, False, True, True]
    safe = run(box.data)
    assert safe.safe_mode
    assert [notice.code for notice in safe.notices] == ["safe_mode"]
    assert standing(box.data) == ()
    assert not run(box.data).safe_mode


def test_a_clean_stop_before_ready_is_no_failed_start(box: Box) -> None:
    for _ in range(6):
        assert not start(box.data).safe_mode
        mark_clean_stop(box.data, box.head())


def test_unreadable_notices_are_told_and_can_be_acknowledged(box: Box) -> None:
    (box.data / "notices.json").write_bytes(b"{half")
    (notice,) = run(box.data).notices
    assert notice.code == "notices_unreadable"
    assert acknowledge(box.data, notice.id)
    assert run(box.data).notices == ()
