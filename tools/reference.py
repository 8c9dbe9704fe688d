"""Write docs/reference/*.md from the code: commands, events, endpoints, permissions, problems, settings, options, targets.

    python -m tools.reference            write
    python -m tools.reference --check    only say which pages are stale; exit 1 if any is

A table that people keep by hand is wrong after a month. `tests/tidy/test_reference.py` holds these pages fresh.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from drivers import registry as families
from drivers.conformance import STORIES
from edge import registry
from edge.__main__ import main as branchbox
from edge.kernel import config
from edge.kernel.domain import Command, Event
from edge.policy.keys import Key
from edge.policy.shape import shape_of
from edge.sandbox import api as sandbox
from edge.web.problems import Problem
from edge.web.routes import Route

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
NOTE: Final = "<!-- Written from the code by tools/reference.py. Change the code, then `make reference`. -->"

Rows = Iterable[Sequence[object]]


def table(head: Sequence[str], rows: Rows) -> str:
    """A Markdown table; cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(words: Iterable[object]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def meaning(kind: type) -> str:
    """The first paragraph of its own docstring, else its name as a sentence."""
    own = kind.__dict__.get("__doc__")
    if own:
        return " ".join(inspect.cleandoc(own).split("\n\n")[0].split())
    words = re.findall(r"[A-Z][a-z]*", kind.__name__)
    return " ".join([words[0], *(word.lower() for word in words[1:])]) + "."


def fields(kind: type[msgspec.Struct]) -> str:
    """Its fields; those that may be absent with a question mark."""
    return code(field.encode_name + ("" if field.required else "?") for field in msgspec.structs.fields(kind))


def sandbox_routes() -> list[Route]:
    return list(sandbox.routes.declared)


def routes() -> list[Route]:
    return [route for room in registry.routes() for route in room.declared]


def problems() -> list[Problem]:
    return [*(problem for group in registry.problems() for problem in group), *sandbox.PROBLEMS]


def commands() -> list[type[Command]]:
    return sorted(registry.rules().handlers, key=lambda kind: kind.NAME)


def events() -> list[type[Event]]:
    return sorted(registry.rules().events.values(), key=lambda kind: kind.TYPE)


def commands_page() -> str:
    return table(
        ("name", "what it asks for", "fields"), ((f"`{kind.NAME}`", meaning(kind), fields(kind)) for kind in commands())
    )


def events_page() -> str:
    asks = registry.rules().reactions
    rows = ((f"`{one.TYPE}`", meaning(one), fields(one), code(ask.__name__ for ask in asks.get(one, ()))) for one in events())
    return table(("wire name", "what happened", "fields", "asks for"), rows)


def _endpoint(route: Route) -> tuple[str, ...]:
    who = code(sorted(route.audience)) + (f" with `{route.permission}`" if route.permission else "")
    key = "yes" if route.idempotent else ""
    return f"`{route.method}`", f"`{route.path}`", route.summary, who, key, code(route.problems)


def endpoints_page() -> str:
    head = ("method", "path", "what it does", "for whom", "Idempotency-Key", "its own problems")
    live = ("`GET`", "`/api/live`", "Live feed (WebSocket) with resume", "staff, devices, phones", "", "`topic_forbidden`")
    always = table(head, [*map(_endpoint, routes()), live])
    sandboxed = table(head, map(_endpoint, sandbox_routes()))
    return f"{always}\n## Only with `--sandbox`\n\nElsewhere these do not exist.\n\n{sandboxed}"


def permissions_page() -> str:
    roles = registry.PERMISSIONS
    names = dict.fromkeys(name for granted in roles.values() for name in granted)
    return table(
        ("permission", *roles), ((f"`{name}`", *("●" if name in own else "" for own in roles.values())) for name in names)
    )


def policies_page() -> str:
    rows = (
        (f"`{key.name}`", key.zh, key.en, key.unit, f"`{_json(key.default)}`", _range(key), key.merge.value, key.lowest.value)
        for key in registry.POLICY.values()
    )
    return table(("key", "中文", "English", "unit", "default", "range", "how levels meet", "lowest level"), rows)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _range(key: Key[Any]) -> str:
    shape = shape_of(key)
    return "" if shape.low is None else f"{shape.low} … {shape.high}"


def problems_page() -> str:
    rows = ((f"`{problem.code}`", problem.status, problem.zh, problem.en) for problem in problems())
    return table(("code", "status", "中文", "English"), rows)


def _bounds(row: config.Row) -> str:
    return "" if row.low is None and row.high is None else f"{row.low} … {row.high}"


def settings_page() -> str:
    rows = (
        (f"`{row.name}`", f"`{row.default}`" if row.default != "" else "(empty)", row.unit, _bounds(row), row.zh, row.en)
        for row in config.rows()
    )
    return table(("name", "default", "unit", "bounds", "中文", "English"), rows)


def _option(parameter: click.Parameter) -> tuple[str, str, str]:
    option = isinstance(parameter, click.Option)
    name = ", ".join(parameter.opts) if option else parameter.name
    default = "required" if parameter.required else _default(parameter)
    return f"`{name}`", default, (parameter.help or "") if isinstance(parameter, click.Option) else "(argument)"


def _default(parameter: click.Parameter) -> str:
    default = parameter.default
    return f"`{default}`" if isinstance(default, str | int | float | Path) and not isinstance(default, bool) else ""


def _subcommand(name: str, command: click.Command) -> str:
    options = table(("option", "default", "meaning"), map(_option, command.params)) if command.params else ""
    return f"## `branchbox {name}`\n\n{inspect.cleandoc(command.help or '')}\n\n{options}".rstrip() + "\n"


def _commands(group: click.Group, prefix: str = "") -> Iterable[tuple[str, click.Command]]:
    """Every command, a group before what it holds."""
    for name, command in sorted(group.commands.items()):
        yield prefix + name, command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix}{name} ")


def cli_page() -> str:
    return "\n".join(_subcommand(name, command) for name, command in _commands(branchbox))


def make_targets() -> Mapping[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+):.*?## (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def make_page() -> str:
    return table(("target", "what it does"), ((f"`make {name}`", text) for name, text in make_targets().items()))


def devices_page() -> str:
    known = families.load_profiles().values()
    rows = []
    for name in sorted(families.FAMILIES):
        told, models = families.manifest(name), [profile for profile in known if profile.family == name]
        bench = families.family(name).bench
        rows.append(
            (
                f"{told.name_en} {told.name}<br>`{name}`",
                code(profile.id for profile in models),
                code(told.transports),
                f"{told.joins_en}<br>{told.joins}",
                f"{len(bench.PROFILES)} models × {len(STORIES) + len(bench.STORIES)} stories",
                told.verified,
            )
        )
    return table(("family", "models", "wires", "joins the branch", "conformance, on five wires", "proven by"), rows)


class Page(NamedTuple):
    """A page's heading, what it says first, and the tables."""

    title: str
    opening: str
    body: Callable[[], str]


PAGES: Final[Mapping[str, Page]] = {
    "cli.md": Page("The `branchbox` command", "After `make setup` it is `.venv/bin/branchbox`.", cli_page),
    "commands.md": Page(
        "Commands",
        """Wishes, in the imperative. Each may be refused ([problems](problems.md)); each is carried out on the one path of
`edge/kernel/pipeline.py`.""",
        commands_page,
    ),
    "endpoints.md": Page(
        "Endpoints",
        """What holds for all of them is in [http.md](http.md); bodies and answers are in `GET /api/openapi.json`. Routes for
`guest` are on both listeners, all others on the branch's own only.""",
        endpoints_page,
    ),
    "events.md": Page(
        "Events",
        """Facts, in the past tense. A version is additive only, and a golden file of each is kept for ever in
`tests/golden/events/`. The last column is what a fact asks of the world once it is on disk.""",
        events_page,
    ),
    "devices.md": Page(
        "Devices",
        """Every family of devices: its models, its wires, the step of the branch that uses it, and what proves its driver.
*Emulated* means: against an emulator made from published descriptions, never against the machine itself. How far each model
can be trusted stands in its profile (`provenance`), and the console shows it.""",
        devices_page,
    ),
    "make.md": Page("`make`", "Everything is installed into the working tree.", make_page),
    "permissions.md": Page(
        "Permissions",
        """role × permission. Devices have roles too: `kiosk` and `display`. Phones and passers-by have none; for them only a
route's audience counts.""",
        permissions_page,
    ),
    "policies.md": Page(
        "Policies",
        """What the levels of the bank can set, and what holds where none of them has
([how they meet](../explanation/policy.md)). The lowest level is the lowest that may set the key itself; below it one can
ask.""",
        policies_page,
    ),
    "problems.md": Page(
        "Problems",
        """Every way to say no, as RFC 9457 `application/problem+json`. Go by the code, it does not change. What a person
should do about it is said by the pages (`ui/kit/locales`).""",
        problems_page,
    ),
    "settings.md": Page(
        "Settings",
        """What a technician may set. Business rules (services, calling, opening hours) are not here: they come from head
office. A name that is not a setting is refused.""",
        settings_page,
    ),
}


def render(name: str) -> str:
    """One page as it should stand on disk."""
    title, opening, body = PAGES[name]
    return f"{NOTE}\n\n# {title}\n\n{opening}\n\n{body()}"


def stale() -> list[str]:
    """The pages that are not what the code says."""
    return [name for name in PAGES if _stored(name) != render(name)]


def _stored(name: str) -> str:
    file = FOLDER / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def main(arguments: Sequence[str]) -> int:
    """Write what is stale, or with --check only name it."""
    old = stale()
    for name in old:
        if "--check" not in arguments:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(render(name), encoding="utf-8")
        print(f"{'stale' if '--check' in arguments else 'wrote'} docs/reference/{name}")
    return 1 if old and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
