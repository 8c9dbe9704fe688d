"""Device families look alike: files with the same names hold the same things, and nothing is half joined."""

from typing import Final

from drivers import registry
from tests.tidy.tree import ROOT

FILES: Final = ("codec.py", "driver.py", "emulator.py", "traits.py", "stories.py", "manifest.toml")
SPEAKS_LIKE: Final = {"cash_drawer": "xfs_client"}
"""Families without a codec of their own, and whose they use."""
ROOMS: Final = frozenset({"interfaces", "transport"})
"""Folders of `drivers/` that are no families."""
FOLDERS: Final = {path.parent.name for path in (ROOT / "drivers").glob("*/__init__.py")} - ROOMS


def test_every_folder_is_a_family_in_the_registry() -> None:
    """The folder list is the list of what can be connected."""
    assert set(registry.FAMILIES) == FOLDERS


def test_every_family_has_the_files_of_a_family() -> None:
    wanted = {f"{name}/{file}" for name in FOLDERS for file in FILES} - {f"{name}/codec.py" for name in SPEAKS_LIKE}
    assert not [file for file in sorted(wanted) if not (ROOT / "drivers" / file).exists()]


def test_what_the_registry_names_is_in_the_file_of_its_name() -> None:
    for name, family in registry.FAMILIES.items():
        for what, file in ((family.driver, "driver"), (family.emulator, "emulator"), (family.bench, "stories")):
            assert f"drivers.{name}.{file}" == getattr(what, "__module__", None), f"{name}: {file}.py"
        assert family.traits.__module__ == f"drivers.{name}.traits"


def test_every_family_has_a_model_and_puts_one_through() -> None:
    known = registry.load_profiles()
    for name, family in registry.FAMILIES.items():
        assert family.bench.PROFILES, f"{name} tests no model"
        for model in family.bench.PROFILES:
            assert known[model].family == name


def test_every_manifest_agrees_with_its_models() -> None:
    """What a family says of its wires is what its models say, and both languages are there."""
    known = registry.load_profiles().values()
    for name in registry.FAMILIES:
        manifest = registry.manifest(name)
        used = {wire for profile in known if profile.family == name for wire in profile.match.transport}
        assert manifest.family == name
        assert used == set(manifest.transports), name
        said = (manifest.name, manifest.name_en, manifest.summary, manifest.summary_en, manifest.joins, manifest.joins_en)
        assert all((*said, manifest.verified)), name


def test_no_family_claims_more_than_its_models_have_met() -> None:
    """ "Emulated" stands in the manifest for as long as no profile of the family says anything else."""
    known = registry.load_profiles().values()
    for name in registry.FAMILIES:
        met = {profile.provenance.verified for profile in known if profile.family == name}
        assert registry.manifest(name).verified.startswith("Emulated") is (met == {"emulated"}), name
