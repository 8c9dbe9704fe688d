"""What decisions make of settings: asked once, and again after any change."""

from pathlib import Path

import pytest

from edge.kernel.db import Connection, connect
from edge.kernel.migrations import Migration, migrate
from edge.kernel.remembered import MIGRATIONS, REMEMBERED_MAX, remembered, watched

SCHEMA = (
    *MIGRATIONS,
    Migration("shop/001", "CREATE TABLE price(thing TEXT PRIMARY KEY, fen INTEGER NOT NULL) STRICT;"),
    Migration("shop/002", watched("price")),
)


class Shop:
    """A price list, and how often it was really read."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)
        migrate(self.connection, SCHEMA, now_ms=0)
        self.change("INSERT INTO price VALUES ('tea', 300), ('rice', 500)")

    def change(self, sql: str) -> None:
        self.connection.execute(sql)


reads: list[str] = []


@remembered
def price(connection: Connection, thing: str) -> int | None:
    reads.append(thing)
    found: int | None = connection.execute("SELECT fen FROM price WHERE thing = ?", (thing,)).get
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    reads.clear()
    return Shop(tmp_path / "shop.db")


def test_the_same_question_is_read_once(shop: Shop) -> None:
    assert [price(shop.connection, thing) for thing in ("tea", "rice", "tea", "rice", "salt", "salt")] == [
        300,
        500,
        300,
        500,
        None,
        None,
    ]
    assert reads == ["tea", "rice", "salt"]


@pytest.mark.parametrize(
    ("sql", "then"),
    [
        ("UPDATE price SET fen = 310 WHERE thing = 'tea'", 310),
        ("DELETE FROM price", None),
        ("INSERT INTO price VALUES ('tea', 320) ON CONFLICT (thing) DO UPDATE SET fen = excluded.fen", 320),
    ],
    ids=["update", "delete", "upsert"],
)
def test_any_change_is_noticed_at_once(shop: Shop, sql: str, then: int | None) -> None:
    assert price(shop.connection, "tea") == 300
    shop.change(sql)
    assert price(shop.connection, "tea") == then


def test_what_was_taken_back_is_not_remembered(shop: Shop) -> None:
    for fen in (310, 320):
        shop.change("BEGIN IMMEDIATE")
        shop.connection.execute("UPDATE price SET fen = ? WHERE thing = 'tea'", (fen,))
        assert price(shop.connection, "tea") == fen
        shop.change("ROLLBACK")
        assert price(shop.connection, "tea") == 300


def test_one_branch_never_gets_the_answer_of_another(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other.db")
    other.change("UPDATE price SET fen = 999")
    assert (price(shop.connection, "tea"), price(other.connection, "tea")) == (300, 999)


def test_so_many_answers_are_kept_and_no_more(shop: Shop) -> None:
    for n in range(REMEMBERED_MAX + 1):
        price(shop.connection, f"thing {n}")
    reads.clear()
    price(shop.connection, "thing 0")
    assert reads == ["thing 0"]
