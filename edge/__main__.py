"""The `branchbox` command."""

import gc
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from edge import __version__
from edge.kernel.config import ConfigRefused, Settings, load
from edge.office import firmware, policy

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
@click.option("--config", type=FILE, help="TOML file of settings.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="One setting, over the file.")
@click.option("--listen", metavar="HOST:PORT", help="Listener for staff and devices; the setting web.listen.")
@click.option("--guest-listen", metavar="HOST:PORT", help="Listener for phones; the setting web.guest_listen.")
@click.option("--guest-url", metavar="URL", help="Base of the addresses printed on slips.")
@click.option("--head-office", metavar="URL", help="Head office to reconcile with; the setting head_office.url.")
@click.option("--branch", "branch_file", type=FILE, help="The branch document: services, counters, staff, devices.")
@click.option("--sandbox", is_flag=True, help="Demo branch, emulated devices, /sandbox routes.")
@click.option("--clock", type=Moment(), help="Where the sandbox's clock starts.")
@click.option("--day", "day_file", type=FILE, help="Take the sandbox's services and counters from a recorded day.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Which day of the file.")
def edge(
    *,
    data: Path,
    config: Path | None,
    assignments: tuple[str, ...],
    listen: str | None,
    guest_listen: str | None,
    guest_url: str | None,
    head_office: str | None,
    branch_file: Path | None,
    sandbox: bool,
    clock: datetime | None,
    day_file: Path | None,
    date: datetime | None,
) -> None:
    """Run the branch daemon."""
    if (clock is not None or day_file is not None) and not sandbox:
        raise click.UsageError("--clock and --day need --sandbox")
    if branch_file is not None and sandbox:
        raise click.UsageError("--sandbox brings a branch of its own")
    gc.disable()  # what is made at the start stays; `serve` turns it on again
    from edge.kernel.observe import configure_logging
    from edge.kernel.opening import Opening

    settings = _settle(
        config, assignments, {"web.listen": listen, "web.guest_listen": guest_listen, "head_office.url": head_office}
    )
    configure_logging(sys.stderr, level=settings.logging.level)
    with Opening(data) as opening:
        from edge.cli import run_edge
        from edge.settings import Launch

        launch = Launch(
            data=data,
            settings=settings,
            guest_url=guest_url,
            branch_file=branch_file,
            sandbox=sandbox,
            clock=clock,
            day_file=day_file,
            day=None if date is None else date.date(),
        )
        sys.exit(run_edge(launch, opening))


def _settle(config: Path | None, assignments: Sequence[str], named: Mapping[str, str | None]) -> Settings:
    """The settings in force: defaults, the file, `--set`, the options of their own."""
    given: dict[str, str | int | float] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"--set {assignment}: NAME=VALUE is needed")
        given[name] = value
    given |= {name: value for name, value in named.items() if value is not None}
    try:
        return load(config, given)
    except ConfigRefused as error:
        raise click.UsageError(str(error)) from error


@main.group(invoke_without_command=True)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of head office's data.")
@click.option("--listen", type=Address(), default="127.0.0.1:8090", show_default=True)
@click.option("--sandbox", is_flag=True, help="Accept boxes without approval, open /sandbox.")
@click.pass_context
def headoffice(context: click.Context, *, data: Path | None, listen: tuple[str, int], sandbox: bool) -> None:
    """Run head office's receiver; or, with a command of its own, speak to one that runs."""
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise click.UsageError("--data is needed")
    from edge.cli import run_headoffice

    sys.exit(run_headoffice(data, listen, sandbox=sandbox))


headoffice.add_command(policy)
headoffice.add_command(firmware)


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


@main.command()
@DATA
@click.option("--keep", type=click.IntRange(2, 100), default=7, show_default=True, help="How many copies are kept.")
@click.option("--second-folder", type=click.Path(path_type=Path, file_okay=False), help="Carry the copy there too.")
def backup(*, data: Path, keep: int, second_folder: Path | None) -> None:
    """Copy the live database, verify the copy, sign it. The branch goes on meanwhile."""
    from edge.cli import run_backup

    sys.exit(run_backup(data, keep, second_folder))


@main.command()
@DATA
@click.option("--from", "source", type=FILE, help="The backup; without it the backups are listed.")
def restore(*, data: Path, source: Path | None) -> None:
    """Put a verified backup in the database's place; what was there is kept in quarantine."""
    from edge.cli import run_restore

    sys.exit(run_restore(data, source))


@main.command()
@DATA
@click.option("--table", "tables", multiple=True, help="Only these tables.")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def export(*, data: Path, tables: tuple[str, ...], target: Path) -> None:
    """Write the journal and the queue's tables as JSON lines, from a copy, without personal data."""
    from edge.cli import run_export

    sys.exit(run_export(data, target, tables))


@main.command()
@DATA
@click.argument("url")
@click.option("--branch", required=True, help="The branch's id.")
@click.option("--name", required=True, help="The branch's name.")
@click.option("--claim-code", prompt=True, hide_input=True, help="The one-time code from head office.")
def enrol(*, data: Path, url: str, branch: str, name: str, claim_code: str) -> None:
    """Make this box known to head office, and learn head office's key."""
    from edge.cli import run_enrol

    sys.exit(run_enrol(data, url, branch=branch, name=name, claim_code=claim_code))


@main.group()
def bench() -> None:
    """Measure claims again, with inputs of your own."""


@bench.command("forecast")
@click.option("--data", "file", type=FILE, required=True, help="A recorded queue, as in the reference data.")
@click.option("--fit", required=True, metavar="DATE:DATE", help="Days to learn from.")
@click.option("--score", required=True, metavar="DATE:DATE", help="Days to be judged on.")
@click.option("--runs", type=click.IntRange(5, 1_000), default=100, show_default=True, help="Futures that each forecast plays.")
def bench_forecast(*, file: Path, fit: str, score: str, runs: int) -> None:
    """How good the waiting forecast is on real days, beside the usual formulas."""
    from edge.forecast.bench import main as judge

    sys.exit(judge(["--data", str(file), "--fit", fit, "--score", score, "--runs", str(runs)]))


@main.group()
def keys() -> None:
    """The box's keys, which no backup holds."""


PASSPHRASE = click.option("--passphrase", prompt=True, hide_input=True, help="At least 12 characters.")


@keys.command("export")
@DATA
@PASSPHRASE
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def keys_export(*, data: Path, passphrase: str, target: Path) -> None:
    """Seal all keys under a passphrase, for the safe."""
    from edge.cli import run_keys_export

    sys.exit(run_keys_export(data, target, passphrase))


@keys.command("import")
@DATA
@PASSPHRASE
@click.argument("source", type=FILE)
def keys_import(*, data: Path, passphrase: str, source: Path) -> None:
    """Bring sealed keys to a new box."""
    from edge.cli import run_keys_import

    sys.exit(run_keys_import(data, source, passphrase))


ADDRESS = click.argument("address")
FOLDER = click.Path(path_type=Path, file_okay=False)
PROFILE = click.option("--profile", required=True, help="The model; `branchbox devices profiles` lists them.")


@main.group()
def devices() -> None:
    """Models, what is plugged in, a device's health, recordings of what it says."""


@devices.command()
def profiles() -> None:
    """The device models this release can drive, and how far each is proven."""
    from drivers.cli import run_profiles

    sys.exit(run_profiles())


@devices.command("list")
@click.option("--data", type=FOLDER, help="Folder of the box's data, to name the devices that are bound.")
def list_devices(*, data: Path | None) -> None:
    """What is plugged into this machine, and which models it can be."""
    from drivers.cli import run_list

    sys.exit(run_list(data))


@devices.command("firmware")
@DATA
def list_firmware(*, data: Path) -> None:
    """The firmware updates of a box, newest first: who wanted them, who agreed, what the device said at the end."""
    from edge.cli import run_firmware

    sys.exit(run_firmware(data))


@devices.command()
@DATA
@click.argument("device")
@ADDRESS
def bind(*, data: Path, device: str, address: str) -> None:
    """Say that DEVICE hangs at ADDRESS; a running branch is told in the console instead."""
    from drivers.cli import run_bind

    sys.exit(run_bind(data, device, address))


@devices.command("test")
@ADDRESS
@PROFILE
def test_device(*, address: str, profile: str) -> None:
    """Greet the device at ADDRESS and say how it is."""
    from drivers.cli import run_test

    sys.exit(run_test(address, profile))


@devices.command()
@ADDRESS
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--profile", help="Whose serial settings to use.")
@click.option("--listen", metavar="ADDRESS", help="Stand between: where the vendor's program connects, tcp:// or serial://.")
@click.option("--redact", is_flag=True, help="Keep moments and sizes, no content.")
@click.option("--seconds", default=3600.0, show_default=True, help="How long.")
def capture(*, address: str, target: Path, profile: str | None, listen: str | None, redact: bool, seconds: float) -> None:
    """Record what passes at ADDRESS into TARGET, a new file."""
    from drivers.cli import run_capture

    sys.exit(run_capture(address, target, profile=profile, listen=listen, redact=redact, seconds=seconds))


@devices.command("replay")
@click.argument("source", type=FILE)
@PROFILE
def replay_capture(*, source: Path, profile: str) -> None:
    """Give a recording to the driver of a model and show what it understands."""
    from drivers.cli import run_replay

    sys.exit(run_replay(source, profile))


if __name__ == "__main__":
    main()
