"""Profiles and manifests: data that is refused when it is wrong."""

import json

import pytest

from drivers import profiles, registry
from drivers.profiles import FOLDER, ProfileError
from drivers.registry import DeviceConfig
from drivers.transport.address import AddressError

GOOD = (FOLDER / "generic.escpos-80mm.toml").read_text(encoding="utf-8")


def test_every_profile_loads_and_has_a_driver() -> None:
    loaded = profiles.load()
    assert {"generic.escpos-80mm", "epson.tm-t88vi", "xprinter.xp-80"} <= set(loaded)
    for profile in loaded.values():
        assert registry.family(profile.family).name == profile.family
        assert profile.provenance.verified == "emulated", "nobody has connected real hardware yet"


def test_the_schema_is_fresh() -> None:
    written = (FOLDER / "schema.json").read_text(encoding="utf-8")
    assert written == profiles.json_schema(), "run python -m drivers.profiles"
    assert json.loads(written)["title"] == "Branchbox firmware profile"


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        ("schema = 2", "schema = 1", "schema"),
        ("cutt = true\nwidth_dots = 576", "width_dots = 576", "cutt"),
        ("width_dots = 577", "width_dots = 576", "width_dots"),
        ('charset = "latin1"', 'charset = "gb18030"', "charset"),
        ('verified = "certainly"', 'verified = "emulated"', "verified"),
        ("schema =", "schema = 1", "profile"),
    ],
)
def test_what_is_wrong_is_refused_by_name(wrong: str, right: str, named: str) -> None:
    with pytest.raises(ProfileError, match=named):
        profiles.parse(GOOD.replace(right, wrong))


def test_a_printer_without_its_section_is_refused() -> None:
    head, _, rest = GOOD.partition("[printer]")
    with pytest.raises(ProfileError, match="printer"):
        profiles.parse(head + rest[rest.index("[provenance]") :])


@pytest.mark.parametrize("name", sorted(registry.FAMILIES))
def test_every_family_has_a_manifest(name: str) -> None:
    manifest = registry.manifest(name)
    assert manifest.family == name
    assert manifest.name
    assert manifest.name_en


def test_a_line_of_configuration_becomes_a_device() -> None:
    loaded = profiles.load()
    for address in ("tcp://127.0.0.1:9100", "tcp://printer.branch", "serial:///dev/ttyUSB0"):
        config = DeviceConfig(id="printer-1", profile="epson.tm-t88vi", address=address)
        assert registry.build(config, loaded).capabilities().model == "TM-T88VI"


def test_an_emulator_listens_only_where_a_driver_could_find_it() -> None:
    loaded = profiles.load()
    emulator = registry.family("escpos_printer").emulator(loaded["epson.tm-t88vi"])
    with pytest.raises(AddressError, match="neither"):
        emulator.listen("tcp://127.0.0.1")


def test_configuration_that_names_nothing_is_refused() -> None:
    loaded = profiles.load()
    with pytest.raises(ProfileError, match="no profile"):
        registry.build(DeviceConfig(id="p", profile="none", address="tcp://h"), loaded)
    with pytest.raises(AddressError, match="neither"):
        registry.build(DeviceConfig(id="p", profile="epson.tm-t88vi", address="usb:1"), loaded)
    with pytest.raises(ProfileError, match="no driver"):
        registry.family("teleprinter")
