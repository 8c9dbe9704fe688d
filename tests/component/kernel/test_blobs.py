"""The blob folder on a real disk: durable names, honest reads, bounds, crash leftovers."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.blobs import Blob, BlobDamaged, BlobLimits, BlobMissing, Blobs, BlobsFull, BlobTooLarge

INK = b"signature strokes" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def file_of(folder: Path, blob: Blob) -> Path:
    return folder / blob.id[:2] / blob.id


def test_a_blob_is_named_by_its_content_and_found_after_a_restart(folder: Path) -> None:
    blob = Blobs(folder).put(INK)
    assert blob == Blob(hashlib.sha256(INK).hexdigest(), len(INK))
    again = Blobs(folder)
    assert again.exists(blob.id)
    assert again.read(blob.id) == INK
    assert again.size_bytes(blob.id) == again.used_bytes == len(INK)
    assert file_of(folder, blob).stat().st_mode & 0o777 == 0o600


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_chunks_and_the_whole_are_the_same_blob(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    store = Blobs(tmp_path_factory.mktemp("blobs"))
    blob = store.put(iter(chunks))
    assert store.put(b"".join(chunks)) == blob
    assert store.read(blob.id) == b"".join(chunks)
    assert store.used_bytes == blob.size_bytes


def test_opening_gives_a_verified_file_at_its_start(folder: Path) -> None:
    store = Blobs(folder)
    blob = store.put(INK)
    with store.open(blob.id) as file:
        assert file.read(9) == INK[:9]


@pytest.mark.parametrize("damage", ["flip", "truncate", "grow"])
def test_a_damaged_file_is_never_handed_out_and_is_repaired_by_putting_it_again(folder: Path, damage: str) -> None:
    store = Blobs(folder)
    blob = store.put(INK)
    content = {"flip": b"S" + INK[1:], "truncate": INK[:-1], "grow": INK + b"."}[damage]
    file_of(folder, blob).write_bytes(content)
    with pytest.raises(BlobDamaged):
        store.open(blob.id)

    reopened = Blobs(folder)
    assert reopened.put(INK) == blob
    assert reopened.read(blob.id) == INK
    assert reopened.used_bytes == len(INK)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_is_not_there_is_missing_whatever_it_is_called(folder: Path, name: str) -> None:
    store = Blobs(folder)
    with pytest.raises(BlobMissing):
        store.open(name)
    with pytest.raises(BlobMissing):
        store.size_bytes(name)


def test_deleting_makes_room(folder: Path) -> None:
    store = Blobs(folder, BlobLimits(budget_bytes=len(INK)))
    blob = store.put(INK)
    with pytest.raises(BlobsFull, match="are used"):
        store.put(b"one more")
    assert store.delete(blob.id)
    assert not store.delete(blob.id)
    assert not store.exists(blob.id)
    assert store.put(b"one more").size_bytes == store.used_bytes == 8


def test_a_blob_over_the_limit_is_refused_before_it_is_all_read(folder: Path) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield bytes(1000)

    store = Blobs(folder, BlobLimits(blob_bytes_max=10_000))
    with pytest.raises(BlobTooLarge):
        store.put(endless())
    assert read == 11
    assert store.used_bytes == 0
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_source_that_breaks_off_leaves_nothing(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    store = Blobs(folder)
    with pytest.raises(ConnectionResetError):
        store.put(broken())
    assert store.used_bytes == 0
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_what_a_crash_left_is_cleared_at_start_and_nothing_else(folder: Path) -> None:
    blob = Blobs(folder).put(INK)
    (folder / "7.part").write_bytes(b"half a document")
    store = Blobs(folder)
    assert store.used_bytes == len(INK)
    assert [path for path in folder.rglob("*") if path.is_file()] == [file_of(folder, blob)]


def test_many_threads_storing_the_same_and_different_things_count_right(folder: Path) -> None:
    store = Blobs(folder)

    def work(n: int) -> None:
        for k in range(10):
            store.put(b"%d" % (k if n % 2 else 100 * n + k) * 50)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.used_bytes == Blobs(folder).used_bytes
    assert list(folder.glob("*.part")) == []
