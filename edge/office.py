"""`branchbox headoffice policy …`: what head office's people do from a shell, over the console's own routes."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click

FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
URL = click.option("--url", default="http://127.0.0.1:8090", show_default=True, help="Head office's address.")
TOKEN = click.option("--token", envvar="BRANCHBOX_CONSOLE_TOKEN", help="The console token; or BRANCHBOX_CONSOLE_TOKEN.")
TOKEN_OF = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Head office's data folder, to read the token from."
)
EXIT_REFUSED: Final = 1
EXIT_USAGE: Final = 64


@click.group()
def policy() -> None:
    """Publish what governs the branches, and answer what they ask for."""


@policy.command()
@click.argument("file", type=FILE)
def check(*, file: Path) -> None:
    """Check a policy file against every key this release knows."""
    found = _read(file)
    click.echo(f"{file}: {len(found['values'])} keys for {found['scope']}")


@policy.command()
@URL
@TOKEN
@TOKEN_OF
@click.argument("file", type=FILE)
def publish(*, url: str, token: str | None, data: Path | None, file: Path) -> None:
    """Check a policy file, sign it and send it down as the next version of its scope."""
    made = _call(url, _token(token, data), "POST", "/api/policies", _read(file))
    click.echo(f"{made['scope']} version {made['version']} sha256 {made['sha256']}")


@policy.command("list")
@URL
@TOKEN
@TOKEN_OF
def list_policies(*, url: str, token: str | None, data: Path | None) -> None:
    """What was published, and what became of it at each branch."""
    key = _token(token, data)
    for one in _call(url, key, "GET", "/api/policies")["policies"]:
        click.echo(f"{one['scope']:24} {one['version']:6}  {one['published_at']}  {one['sha256'][:12]}")
    for branch, rows in _call(url, key, "GET", "/api/policies/branches")["branches"].items():
        for row in rows:
            click.echo(
                f"{branch:16} {row['scope']:24} {row['version']:6}  {row['state']:8} {row['reason']} {row['detail']}".rstrip()
            )


@policy.command()
@URL
@TOKEN
@TOKEN_OF
@click.argument("branch")
@click.argument("region")
@click.argument("name")
def region(*, url: str, token: str | None, data: Path | None, branch: str, region: str, name: str) -> None:
    """Say to which region a branch belongs."""
    _call(url, _token(token, data), "PUT", f"/api/branches/{branch}/region", {"region": region, "name": name})


@policy.command()
@URL
@TOKEN
@TOKEN_OF
@click.option("--state", type=click.Choice(["pending", "approved", "denied"]), default="pending", show_default=True)
def requests(*, url: str, token: str | None, data: Path | None, state: str) -> None:
    """What outlets ask for that a higher level holds."""
    for one in _call(url, _token(token, data), "GET", f"/api/policy-requests?state={state}")["requests"]:
        asked = f"{one['policy']} = {one['value']} (held by {one['held_by']})"
        click.echo(f"{one['branch']:16} {one['request']:24} {asked}  {one['reason']}".rstrip())


@policy.command()
@URL
@TOKEN
@TOKEN_OF
@click.option("--yes/--no", "approved", required=True, help="Grant it, or not; a later no takes a yes back.")
@click.option("--by", default="", help="Who answers.")
@click.option("--reason", default="", help="Why.")
@click.argument("branch")
@click.argument("request")
def answer(
    *, url: str, token: str | None, data: Path | None, approved: bool, by: str, reason: str, branch: str, request: str
) -> None:
    """Answer a request."""
    body = {"approved": approved, "by": by, "reason": reason}
    _call(url, _token(token, data), "POST", f"/api/policy-requests/{branch}/{request}", body)


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, file_okay=False, exists=True), help="Head office's data folder."
)
@click.option("--model", required=True, help="The profile it is for; `branchbox devices profiles` lists them.")
@click.option("--version", required=True, help="What the device will call itself once it runs it.")
@click.argument("source", type=FILE)
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def firmware(*, data: Path, model: str, version: str, source: Path, target: Path) -> None:
    """Sign a maker's firmware SOURCE for the branches: TARGET is the .fw file that their console takes."""
    from drivers.registry import load_profiles
    from edge.firmware.package import PackageRefused, pack
    from sync.headoffice.identity import KEY_FILE, signing_key

    if model not in load_profiles():
        raise click.UsageError(f"no profile {model!r}")
    if not (data / KEY_FILE).exists():
        raise click.UsageError(f"{data} is no head office's folder")
    try:
        packed = pack(signing_key(data).sign, model, version, source.read_bytes())
        with target.open("xb") as file:
            file.write(packed)
    except (PackageRefused, FileExistsError) as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    click.echo(f"{target}: {model} {version}")


def _read(file: Path) -> dict[str, Any]:
    import msgspec

    from edge.policy_files import PolicyFileRefused, read

    try:
        found: dict[str, Any] = msgspec.to_builtins(read(file))
    except PolicyFileRefused as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    return found


def _token(token: str | None, data: Path | None) -> str:
    from sync.headoffice.identity import TOKEN_FILE

    if token:
        return token
    if data is None:
        raise click.UsageError("--token or --data is needed")
    return (data / TOKEN_FILE).read_text(encoding="ascii").strip()


def _call(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    from sync.headoffice.client import OfficeRefused, call

    try:
        return asyncio.run(call(url, token, method, path, body))
    except OfficeRefused as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_REFUSED)
