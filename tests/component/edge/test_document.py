"""The branch document: a box becomes a branch, without a sandbox and without head office."""

import json
from pathlib import Path

import pytest

from edge import document
from edge.app import Branch
from edge.document import DocumentRefused
from edge.ground import lay_ground
from edge.kernel.domain import Rejected
from edge.kernel.opening import open_box
from edge.org import tables as org
from edge.settings import Launch

BRANCH = {
    "version": 1,
    "branch": {"id": "0731", "name": "长沙五一路支行", "name_en": "Changsha Wuyi Road"},
    "services": [{"id": "personal", "name": "个人业务", "name_en": "Personal banking", "letter": "A"}],
    "counters": [{"id": "counter-1", "number": 1, "name": "1号窗口"}],
    "staff": [{"staff_no": "1001", "name": "王芳", "roles": ["teller"], "first_password": "change-me-now"}],
    "devices": [{"id": "printer-1", "profile": "generic.escpos-80mm", "address": "tcp://127.0.0.1:9100"}],
    "printers": {"*": "printer-1"},
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "branch.json"
    path.write_text(json.dumps(BRANCH | changes), encoding="utf-8")
    return path


async def test_a_document_makes_a_branch_and_its_teller_can_log_in(tmp_path: Path) -> None:
    given = document.read(written(tmp_path))
    branch = Branch(lay_ground(Launch(data=tmp_path / "data"), open_box(tmp_path / "data")))
    await branch.start()
    try:
        await document.apply(branch, given)
        with branch.db.reader() as connection:
            assert [service.letter for service in org.services(connection)] == ["A"]
        opened = await branch.sessions.log_in("1001", "change-me-now")
        assert opened.staff.roles == {"teller"}
        await branch.sessions.set_password("1001", "her own password")
        await document.apply(branch, given)
        assert (await branch.sessions.log_in("1001", "her own password")).staff.name == "王芳"
    finally:
        await branch.stop()


async def test_what_the_domain_refuses_is_not_put_in_force(tmp_path: Path) -> None:
    twice = [BRANCH["counters"][0], {"id": "counter-2", "number": 1, "name": "又一个1号"}]  # type: ignore[index]
    given = document.read(written(tmp_path, counters=twice))
    branch = Branch(lay_ground(Launch(data=tmp_path / "data"), open_box(tmp_path / "data")))
    await branch.start()
    try:
        with pytest.raises(Rejected, match="duplicate_in_configuration"):
            await document.apply(branch, given)
        with branch.db.reader() as connection:
            assert org.branch(connection) is None
    finally:
        await branch.stop()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 0}, r"\$.version"),
        ({"colour": "red"}, "colour"),
        ({"counters": [{"id": "counter-1", "number": 100, "name": "x"}]}, r"\$.counters\[0\].number"),
    ],
)
def test_a_mistake_is_named_by_its_field(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(DocumentRefused, match=says):
        document.read(written(tmp_path, **changes))
