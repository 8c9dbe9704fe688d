"""What the commands do, apart from reading their options."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
import sqlite_utils

from edge import __version__, registry
from edge.document import DocumentRefused
from edge.firmware import tables as firmware
from edge.kernel.backup import CORE, BackupRefused, carry, list_backups, make_backup, restore, verify_backup
from edge.kernel.clock import wall_ms
from edge.kernel.db import DatabaseError, connect_reader, copy_database
from edge.kernel.domain import Rejected
from edge.kernel.files import FolderBusy, hold_folder, make_folder, write_durably
from edge.kernel.fold import Verdict
from edge.kernel.fold import verify as fold_and_compare
from edge.kernel.keys import KeysRefused, export_keys, find_keys, import_keys, open_signing_key
from edge.kernel.migrations import missing
from edge.kernel.observe import configure_logging
from edge.kernel.opening import Opening
from edge.kernel.startup import StartRefused, has_lived
from edge.settings import STATIC, Launch
from edge.uplink.source import Enrolment, save_enrolment
from sync.uplink import EnrolmentRefused, Unreachable
from sync.uplink import enrol as enrol_at

EXIT_NOT_SOUND: Final = 1
OLDER: Final = (
    "not verified: an earlier version wrote this data ({count} schema changes, from {first}); start it once, then verify"
)
EXIT_USAGE: Final = 64
EXIT_UNAVAILABLE: Final = 69
EXIT_BUSY: Final = 75

EXPORTED: Final = ("journal", *registry.folded_tables())
"""No vault, no sessions, no recognition index: nothing of this is a person's data."""


def run_edge(launch: Launch, opening: Opening) -> int:
    """Serve the branch until told to stop."""
    from edge.serve import serve

    def ready(port: int, guest_port: int | None) -> None:
        guests = launch.guest_listen
        also = "" if guests is None else f"  guests http://{guests.host}:{guest_port}/"
        click.echo(f"branchbox edge: http://{launch.listen.host}:{port}/{also}")

    try:
        return serve(launch, opening, ready=ready)
    except StartRefused as error:
        return _say(str(error), error.exit_code)
    except FolderBusy as error:
        return _say(str(error), EXIT_BUSY)
    except (KeysRefused, DocumentRefused) as error:
        return _say(str(error), EXIT_USAGE)
    except Rejected as error:
        return _say(f"{launch.branch_file}: {error.code} {error.facts}", EXIT_USAGE)
    except OSError as error:
        return _say(f"{launch.listen.host}:{launch.listen.port}: {error.strerror or error}", EXIT_UNAVAILABLE)


def run_headoffice(data: Path, listen: tuple[str, int], *, sandbox: bool) -> int:
    """Serve head office until told to stop."""
    from edge.policy_files import OfficeCatalogue
    from sync.headoffice.app import HeadOfficeConfig
    from sync.headoffice.app import serve as serve_head_office

    configure_logging(sys.stderr)
    host, port = listen
    config = HeadOfficeConfig(data=data, host=host, port=port, static=STATIC, sandbox=sandbox, policies=OfficeCatalogue())
    try:
        asyncio.run(serve_head_office(config))
    except OSError as error:
        return _say(f"{host}:{port}: {error.strerror or error}", EXIT_UNAVAILABLE)
    return 0


def run_verify(data: Path) -> int:
    """Check a copy, so that a running branch is not held up. Returns 0 only where everything holds."""
    with _copy(data) as copy:
        if copy is None:
            return _say(f"there is no {CORE} in {data}", EXIT_USAGE)
        try:
            with closing(connect_reader(copy)) as connection:
                if older := missing(connection, registry.migrations()):
                    return _say(OLDER.format(count=len(older), first=older[0]), EXIT_NOT_SOUND)
                verdict = fold_and_compare(connection, registry.rules(), registry.migrations(), registry.folded_tables())
        except (DatabaseError, UnicodeDecodeError) as error:
            return _say(f"NOT SOUND: {error}", EXIT_NOT_SOUND)
    _print(verdict)
    return 0 if verdict.sound else EXIT_NOT_SOUND


def run_firmware(data: Path) -> int:
    """The firmware updates of a box, one a line."""
    if not (data / CORE).exists():
        return _say(f"{data} has no database", EXIT_USAGE)
    with closing(connect_reader(data / CORE)) as connection:
        found = firmware.updates(connection)
    for one in found:
        people = f"{one.proposed_by} -> {one.answered_by or '?'}"
        said = f"{one.reason or '-'}, device says {one.reported or '-'}" if one.ended_ms is not None else "-"
        click.echo(f"{one.job}  {one.device:16} {one.replaces or '?'} -> {one.version}  {one.state:10} {people}  {said}")
    return 0


@contextmanager
def _copy(data: Path) -> Iterator[Path | None]:
    """A consistent copy of the live database, for as long as it is needed; None where there is no database."""
    if not (data / CORE).exists():
        yield None
        return
    scratch = Path(tempfile.mkdtemp(prefix="copy-", dir=data))
    try:
        with closing(connect_reader(data / CORE)) as source:
            copy_database(source, scratch / CORE)
        yield scratch / CORE
    finally:
        shutil.rmtree(scratch)


def _print(verdict: Verdict) -> None:
    click.echo(f"events {verdict.events}")
    for table, rows in verdict.rows.items():
        click.echo(f"{table} {rows}")
    if verdict.chain_break is not None:
        click.echo(f"CHAIN BROKEN at {verdict.chain_break.seq}: {verdict.chain_break.reason}")
    for difference in verdict.differences:
        click.echo(f"DIFFERS {difference.table}: stored {difference.stored} folded {difference.folded}")
    for kind in verdict.unknown_types:
        click.echo(f"UNKNOWN EVENT TYPE {kind}")
    click.echo("sound" if verdict.sound else "NOT SOUND")


def run_backup(data: Path, keep: int, second_folder: Path | None) -> int:
    """Make one verified backup."""
    if not has_lived(data):
        return _say(f"{data} holds no branch", EXIT_USAGE)
    key = open_signing_key(find_keys(data), create=False)
    try:
        made = make_backup(data, key, now_ms=wall_ms(), made_by=f"branchbox {__version__}", keep=keep)
        if second_folder is not None:
            make_folder(second_folder)
            carry(made, second_folder)
    except (BackupRefused, OSError) as error:
        return _say(str(error), EXIT_NOT_SOUND)
    click.echo(f"{made.path} {made.manifest.seq} facts, verified")
    return 0


def run_restore(data: Path, source: Path | None) -> int:
    """Put a backup in place, or list those there are."""
    public = open_signing_key(find_keys(data), create=False).public
    if source is None:
        for listed in list_backups(data, public):
            click.echo(f"{listed.path} {listed.problem or 'ok'}")
        return 0
    try:
        with hold_folder(data):
            verify_backup(source, public)
            restored = restore(data, source, public, now_ms=wall_ms())
    except FolderBusy as error:
        return _say(str(error), EXIT_BUSY)
    except BackupRefused as error:
        return _say(str(error), EXIT_NOT_SOUND)
    click.echo(f"restored up to fact {restored.parent.seq}; a new incarnation of the journal begins there")
    return 0


def run_export(data: Path, target: Path, tables: Sequence[str]) -> int:
    """JSON lines: one object a row, the table's name in `table`."""
    unknown = set(tables) - set(EXPORTED)
    if unknown:
        return _say(f"not to be exported: {', '.join(sorted(unknown))}; there are {', '.join(EXPORTED)}", EXIT_USAGE)
    with _copy(data) as copy:
        if copy is None:
            return _say(f"there is no {CORE} in {data}", EXIT_USAGE)
        database = sqlite_utils.Database(copy)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as file:
            for table in tables or EXPORTED:
                for row in database[table].rows:
                    file.write(msgspec.json.encode({"table": table, **_readable(row)}) + b"\n")
        database.close()
        part.replace(target)
    return 0


def _readable(row: Mapping[str, object]) -> dict[str, object]:
    """Bytes that are JSON become JSON, other bytes hexadecimal digits."""
    return {name: _plain(value) if isinstance(value, bytes) else value for name, value in row.items()}


def _plain(value: bytes) -> object:
    return msgspec.Raw(value) if value[:1] in (b"{", b"[") else value.hex()


def run_enrol(data: Path, url: str, *, branch: str, name: str, claim_code: str) -> int:
    """Exchange keys with head office; the next start connects."""
    make_folder(data)
    key = open_signing_key(find_keys(data, os.environ), create=not has_lived(data))
    try:
        reply = asyncio.run(enrol_at(url, claim_code, branch=branch, name=name, key=key))
    except EnrolmentRefused as error:
        return _say(str(error), EXIT_NOT_SOUND)
    except Unreachable as error:
        return _say(f"{url}: {error}", EXIT_UNAVAILABLE)
    save_enrolment(data, Enrolment(url=url, key=reply.head_office_key, branch=branch))
    click.echo(f"enrolled as {branch} at {url}")
    return 0


def run_keys_export(data: Path, target: Path, passphrase: str) -> int:
    """Write the sealed keys."""
    try:
        write_durably(target, export_keys(find_keys(data), passphrase))
    except KeysRefused as error:
        return _say(str(error), EXIT_USAGE)
    return 0


def run_keys_import(data: Path, source: Path, passphrase: str) -> int:
    """Put sealed keys in place; refused where the box has keys of its own."""
    make_folder(data)
    try:
        import_keys(find_keys(data), source.read_bytes(), passphrase)
    except KeysRefused as error:
        return _say(str(error), EXIT_USAGE)
    return 0


def _say(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code
