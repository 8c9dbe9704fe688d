"""Coverage-guided rubbish for every codec: `make fuzz FAMILY=escpos_printer SECONDS_EACH=60`, or all families in turn.

Needs atheris, which `make fuzz` installs into an environment of its own (`.fuzz`): it is no dependency of the product nor of
its tests. What it finds is written to `crash-*`; put those bytes into the codec's test.
"""

import subprocess
import sys
from typing import Final

import click

SEEDS_MAX_BYTES: Final = 600


def fuzz(name: str, seconds: int) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=[f"drivers.{name}"]):
        from drivers import fuzzing, registry
    family = registry.family(name)
    known = registry.load_profiles()
    models = [known[model] for model in family.bench.PROFILES]

    def once(data: bytes) -> None:
        for profile in models:
            fuzzing.try_all(family, profile, data)

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", f"-max_len={SEEDS_MAX_BYTES}"], once)
    atheris.Fuzz()


@click.command()
@click.option("--family", default="", help="One family; all of them in turn where none is named.")
@click.option("--seconds", default=60, show_default=True, help="For each family.")
def main(family: str, seconds: int) -> None:
    """Fuzz the families' codecs, drivers and emulators."""
    if family:
        fuzz(family, seconds)
    from drivers.registry import FAMILIES

    for name in FAMILIES:
        click.echo(f"== {name}")
        subprocess.run([sys.executable, "-m", "tools.fuzz", "--family", name, "--seconds", str(seconds)], check=True)


if __name__ == "__main__":
    main()
