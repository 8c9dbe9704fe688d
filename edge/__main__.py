"""The `branchbox` command."""

import sys
from datetime import datetime
from pathlib import Path

import click

from edge import __version__

DATA = click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the box's data.")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdecimal():
            self.fail(f"{value!r} is not HOST:PORT", param, ctx)
        return host.strip("[]"), int(port)


class Moment(click.ParamType[datetime]):
    """ISO 8601 with an offset."""

    name = "iso8601"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 time", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no offset", param, ctx)
        return moment


@click.group()
@click.version_option(__version__, prog_name="branchbox")
def main() -> None:
    """A whole bank branch in one small box."""


@main.command()
@DATA
@click.option("--listen", type=Address(), default="127.0.0.1:8080", show_default=True)
@click.option("--guest-listen", type=Address(), help="Listener for phones on the branch Wi-Fi.")
@click.option("--guest-url", help="Base of the addresses printed on slips.")
@click.option("--head-office", metavar="URL", help="Head office to reconcile with.")
@click.option("--sandbox", is_flag=True, help="Demo branch, emulated devices, /sandbox routes.")
@click.option("--clock", type=Moment(), help="Where the sandbox's clock starts.")
@click.option("--day", "day_file", type=FILE, help="Take the sandbox's services and counters from a recorded day.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Which day of the file.")
def edge(
    *,
    data: Path,
    listen: tuple[str, int],
    guest_listen: tuple[str, int] | None,
    guest_url: str | None,
    head_office: str | None,
    sandbox: bool,
    clock: datetime | None,
    day_file: Path | None,
    date: datetime | None,
) -> None:
    """Run the branch daemon."""
    from edge.cli import run_edge
    from edge.settings import Settings

    if (clock is not None or day_file is not None) and not sandbox:
        raise click.UsageError("--clock and --day need --sandbox")
    guest_host, guest_port = guest_listen or (None, 0)
    settings = Settings(
        data=data,
        host=listen[0],
        port=listen[1],
        guest_host=guest_host,
        guest_port=guest_port,
        guest_url=guest_url,
        sandbox=sandbox,
        head_office=head_office,
        clock=clock,
        day_file=day_file,
        day=None if date is None else date.date(),
    )
    sys.exit(run_edge(settings))


@main.command()
@DATA
@click.option("--listen", type=Address(), default="127.0.0.1:8090", show_default=True)
@click.option("--sandbox", is_flag=True, help="Accept boxes without approval, open /sandbox.")
def headoffice(*, data: Path, listen: tuple[str, int], sandbox: bool) -> None:
    """Run head office's receiver."""
    from edge.cli import run_headoffice

    sys.exit(run_headoffice(data, listen, sandbox=sandbox))


@main.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-data"), show_default=True)
@click.option("--listen", type=Address(), default="127.0.0.1:8080", show_default=True)
@click.option("--guest-listen", type=Address(), default="127.0.0.1:8081", show_default=True)
@click.option("--head-office-listen", type=Address(), default="127.0.0.1:8090", show_default=True)
@click.option("--day", "day_file", type=FILE, help="Play a recorded day into the branch.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Which day of the file.")
@click.option("--speed", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds of that day in one.")
@click.option("--flat-out", is_flag=True, help="Play the day as fast as the branch answers.")
def demo(
    *,
    data: Path,
    listen: tuple[str, int],
    guest_listen: tuple[str, int],
    head_office_listen: tuple[str, int],
    day_file: Path | None,
    date: datetime | None,
    speed: float,
    flat_out: bool,
) -> None:
    """Head office, one branch and all its devices, on this machine."""
    from edge.demo import Places, play

    if (day_file is None) is not (date is None):
        raise click.UsageError("--day and --date belong together")
    places = Places(data, listen, guest_listen, head_office_listen)
    sys.exit(play(places, day_file, None if date is None else date.date(), speed=None if flat_out else speed))


@main.command()
@DATA
def verify(*, data: Path) -> None:
    """Prove the journal's chain, and that the tables are what the journal says."""
    from edge.cli import run_verify

    sys.exit(run_verify(data))


if __name__ == "__main__":
    main()
