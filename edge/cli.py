"""What the commands do, apart from reading their options."""

import asyncio
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import click

from edge import registry
from edge.kernel.backup import CORE
from edge.kernel.db import connect_reader, copy_database
from edge.kernel.files import FolderBusy
from edge.kernel.fold import Verdict
from edge.kernel.fold import verify as fold_and_compare
from edge.kernel.startup import StartRefused
from edge.settings import STATIC, Settings

EXIT_USAGE = 64


def run_edge(settings: Settings) -> int:
    """Serve the branch until told to stop."""
    from edge.serve import serve

    def ready(port: int, guest_port: int | None) -> None:
        guests = "" if guest_port is None else f"  guests http://{settings.guest_host}:{guest_port}/"
        click.echo(f"branchbox edge: http://{settings.host}:{port}/{guests}")

    try:
        return serve(settings, ready=ready)
    except (StartRefused, FolderBusy) as error:
        click.echo(str(error), err=True)
        return error.exit_code if isinstance(error, StartRefused) else EXIT_USAGE


def run_headoffice(data: Path, listen: tuple[str, int], *, sandbox: bool) -> int:
    """Serve head office until told to stop."""
    from sync.headoffice.app import HeadOfficeConfig
    from sync.headoffice.app import serve as serve_head_office

    host, port = listen
    config = HeadOfficeConfig(data=data, host=host, port=port, static=STATIC, sandbox=sandbox)
    asyncio.run(serve_head_office(config))
    return 0


def run_verify(data: Path) -> int:
    """Check a copy, so that a running branch is not held up. Returns 0 only where everything holds."""
    live = data / CORE
    if not live.exists():
        click.echo(f"there is no {CORE} in {data}", err=True)
        return EXIT_USAGE
    scratch = Path(tempfile.mkdtemp(prefix="verify-", dir=data))
    try:
        with closing(connect_reader(live)) as source:
            copy_database(source, scratch / CORE)
        with closing(connect_reader(scratch / CORE)) as copy:
            verdict = fold_and_compare(copy, registry.rules(), registry.migrations(), registry.folded_tables())
    finally:
        shutil.rmtree(scratch)
    _print(verdict)
    return 0 if verdict.sound else 1


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
