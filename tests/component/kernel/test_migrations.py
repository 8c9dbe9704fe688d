"""Schema changes: applied once, never edited, with a sound copy made before, and all or nothing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from edge.kernel.db import Connection, StorageRefused, check_integrity, connect
from edge.kernel.migrations import Migration, is_sealed, migrate, pending

FIRST = Migration("room/001", "CREATE TABLE chair(n INTEGER PRIMARY KEY) STRICT;")
SECOND = Migration(
    "room/002",
    "ALTER TABLE chair ADD COLUMN colour TEXT NOT NULL DEFAULT 'oak';"
    " INSERT INTO chair(n) VALUES (7) RETURNING n; UPDATE chair SET n = 8 WHERE n = 7;",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with closing(connect(tmp_path / "core.db")) as opened:
        yield opened


def tables(connection: Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_each_is_applied_once_with_a_receipt(connection: Connection) -> None:
    assert migrate(connection, [FIRST], now_ms=11) == ["room/001"]
    assert migrate(connection, [FIRST, SECOND], now_ms=22) == ["room/002"]
    assert migrate(connection, [FIRST, SECOND], now_ms=33) == []
    assert connection.execute("SELECT * FROM migration ORDER BY id").fetchall() == [
        ("room/001", FIRST.sha256, 11),
        ("room/002", SECOND.sha256, 22),
    ]
    assert connection.execute("SELECT * FROM chair").fetchall() == [(8, "oak")]


@pytest.mark.parametrize(("name", "sha256"), [("room/002", FIRST.sha256), ("Room/001", FIRST.sha256), (FIRST.id, "0" * 64)])
def test_a_receipt_that_rotted_breaks_the_seal(connection: Connection, name: str, sha256: str) -> None:
    migrate(connection, [FIRST], now_ms=1)
    assert is_sealed(connection)
    connection.execute("UPDATE migration SET id = ?, sha256 = ?", (name, sha256))
    assert not is_sealed(connection)


def test_a_receipt_that_is_no_text_any_more_is_told_as_such(connection: Connection) -> None:
    migrate(connection, [FIRST], now_ms=1)
    connection.execute("UPDATE migration SET id = CAST(x'80' AS TEXT)")
    with pytest.raises(UnicodeDecodeError):
        is_sealed(connection)


def test_an_edited_one_refuses_to_start(connection: Connection) -> None:
    migrate(connection, [FIRST], now_ms=1)
    edited = Migration(FIRST.id, FIRST.sql + " ")
    for todo in ([edited], [edited, SECOND], [SECOND, edited]):
        with pytest.raises(StorageRefused, match="room/001 was edited"):
            migrate(connection, todo, now_ms=2)
    assert [migration.id for migration in pending(connection, [FIRST, SECOND])] == ["room/002"]


def test_a_room_that_was_removed_leaves_its_receipt(connection: Connection) -> None:
    migrate(connection, [FIRST], now_ms=1)
    other = Migration("hall/001", "CREATE TABLE lamp(n INTEGER PRIMARY KEY) STRICT;")
    assert migrate(connection, [other], now_ms=2) == ["hall/001"]


BROKEN = Migration("room/002", "CREATE TABLE table_a(n); INSERT INTO chair VALUES (1); CREATE TABLE chair(n);")


def test_one_that_breaks_leaves_nothing_and_those_before_it_stay(connection: Connection) -> None:
    for _ in range(2):
        with pytest.raises(apsw.SQLError, match="chair already exists"):
            migrate(connection, [FIRST, BROKEN], now_ms=1)
        assert tables(connection) == {"migration", "chair"}
        assert connection.execute("SELECT count(*) FROM chair").get == 0
        assert not connection.in_transaction
    assert migrate(connection, [FIRST, SECOND], now_ms=2) == ["room/002"]


def test_a_copy_is_made_before_a_database_with_content_is_touched(connection: Connection, tmp_path: Path) -> None:
    copies = tmp_path / "backups" / "schema"
    migrate(connection, [FIRST], now_ms=1, copies=copies)
    assert not copies.exists()
    connection.execute("INSERT INTO chair VALUES (1), (2)")
    migrate(connection, [FIRST], now_ms=2, copies=copies)
    assert not copies.exists()
    migrate(connection, [FIRST, SECOND], now_ms=3, copies=copies)
    assert [file.name for file in copies.iterdir()] == ["before-room-002.db"]
    with closing(connect(copies / "before-room-002.db")) as copy:
        assert check_integrity(copy, full=True) == []
        assert copy.execute("SELECT * FROM chair").fetchall() == [(1,), (2,)]


def test_a_copy_left_by_a_try_that_broke_is_replaced(connection: Connection, tmp_path: Path) -> None:
    migrate(connection, [FIRST], now_ms=1)
    for chairs in (1, 2):
        connection.execute("INSERT INTO chair VALUES (?)", (100 + chairs,))
        with pytest.raises(apsw.SQLError):
            migrate(connection, [FIRST, BROKEN], now_ms=2, copies=tmp_path)
        with closing(connect(tmp_path / "before-room-002.db")) as copy:
            assert copy.execute("SELECT count(*) FROM chair").get == chairs


def test_a_database_that_is_not_sound_is_not_changed(connection: Connection, tmp_path: Path) -> None:
    """Found by the check of the copy: here a row that points nowhere."""
    family = Migration(
        "family/001",
        "CREATE TABLE parent(n INTEGER PRIMARY KEY) STRICT; CREATE TABLE child(n INTEGER REFERENCES parent(n)) STRICT;",
    )
    migrate(connection, [family], now_ms=1)
    connection.execute("PRAGMA foreign_keys = OFF").fetchall()
    connection.execute("INSERT INTO child VALUES (9)")
    with pytest.raises(StorageRefused, match="not sound"):
        migrate(connection, [family, FIRST], now_ms=2, copies=tmp_path)
    assert "chair" not in tables(connection)
