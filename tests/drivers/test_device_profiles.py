"""Profiles and manifests: data that is refused when it is wrong."""

import json
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from drivers import profiles, registry
from drivers.profiles import FOLDER, ProfileError
from drivers.registry import DeviceConfig
from drivers.schema import json_schema
from drivers.transport.address import AddressError

GOOD = (FOLDER / "generic.escpos-80mm.toml").read_text(encoding="utf-8")


def test_every_profile_loads_and_has_a_driver() -> None:
    loaded = registry.load_profiles()
    assert {"generic.escpos-80mm", "epson.tm-t88vi", "xprinter.xp-80"} <= set(loaded)
    for profile in loaded.values():
        assert profile.provenance.verified == "emulated", "nobody has connected real hardware yet"


def test_the_schema_is_fresh() -> None:
    written = (FOLDER / "schema.json").read_text(encoding="utf-8")
    assert written == json_schema(), "run python -m drivers.schema"
    assert json.loads(written)["title"] == "Branchbox firmware profile"


def test_every_profile_is_what_the_schema_says() -> None:
    schema = jsonschema_rs.validator_for(json.loads(json_schema()))
    for file in FOLDER.glob("*.toml"):
        assert not [error.message for error in schema.iter_errors(tomllib.loads(file.read_text(encoding="utf-8")))], file.name
    crooked = tomllib.loads(GOOD.replace("width_dots = 576", 'width_dots = "wide"'))
    assert not schema.is_valid(crooked)


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ("schema = 2", "schema = 1", "schema"),
        ("cutt = true\nwidth_dots = 576", "width_dots = 576", "cutt"),
        ("width_dots = 577", "width_dots = 576", "width_dots"),
        ('charset = "latin1"', 'charset = "gb18030"', "charset"),
        ('verified = "certainly"', 'verified = "emulated"', "verified"),
        ("schema =", "schema = 1", "generic.escpos-80mm.toml"),
    ],
)
def test_what_is_wrong_is_refused_by_name(wrong: str, right: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "generic.escpos-80mm.toml").write_text(GOOD.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ProfileError, match=named):
        registry.load_profiles(tmp_path)


def test_a_printer_without_its_section_is_refused() -> None:
    head, _, rest = GOOD.partition("[traits]")
    profile = profiles.parse(head + rest[rest.index("[provenance]") :])
    with pytest.raises(ProfileError, match=r"escpos-80mm: \[traits\]: .*width_dots"):
        profile.section(registry.family(profile.family).traits)


@pytest.mark.parametrize("name", sorted(registry.FAMILIES))
def test_every_family_has_a_manifest(name: str) -> None:
    manifest = registry.manifest(name)
    assert manifest.family == name
    assert manifest.name
    assert manifest.name_en


def test_a_line_of_configuration_becomes_a_device() -> None:
    loaded = registry.load_profiles()
    for address in ("tcp://127.0.0.1:9100", "tcp://printer.branch", "serial:///dev/ttyUSB0"):
        config = DeviceConfig(id="printer-1", profile="epson.tm-t88vi", address=address)
        assert registry.build(config, loaded).capabilities().model == "TM-T88VI"


def test_an_emulator_listens_only_where_a_driver_could_find_it() -> None:
    loaded = registry.load_profiles()
    emulator = registry.family("escpos_printer").emulator(loaded["epson.tm-t88vi"])
    with pytest.raises(AddressError, match="emulators listen"):
        emulator.listen("tcp://127.0.0.1")


def test_configuration_that_names_nothing_is_refused() -> None:
    loaded = registry.load_profiles()
    with pytest.raises(ProfileError, match="no profile"):
        registry.build(DeviceConfig(id="p", profile="none", address="tcp://h"), loaded)
    with pytest.raises(AddressError, match="no address"):
        registry.build(DeviceConfig(id="p", profile="epson.tm-t88vi", address="usb:1"), loaded)
    with pytest.raises(ProfileError, match="no driver"):
        registry.family("teleprinter")
