"""Settings: the three layers, the bounds, the mistakes people make."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.config import ConfigRefused, Row, Settings, Web, load, rows


def write(folder: Path, text: str) -> Path:
    file = folder / "branchbox.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_anything_the_defaults_hold() -> None:
    assert load(None) == Settings()


def test_the_file_goes_over_the_defaults_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        time_zone = "Asia/Urumqi"
        [web]
        listen = "0.0.0.0:80"
        idle_logout_s = 600
        [backups]
        every_s = 1800
        """,
    )
    settings = load(file, {"web.listen": "127.0.0.1:9000", "backups.kept": "14", "supervision.backoff_s_max": "60.5"})
    assert settings.time_zone == "Asia/Urumqi"
    assert settings.web == Web(listen="127.0.0.1:9000", idle_logout_s=600)
    assert settings.backups.kept == 14
    assert (settings.backups.every_s, settings.supervision.backoff_s_max) == (1800, 60.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[web]\nlisten_adress = 'x'", "web.listen_adress is not a setting; did you mean web.listen?"),
        ("[storag]\nreserve_bytes = 1", "storag is not a setting; did you mean storage?"),
        ("timezone = 'Asia/Shanghai'", "timezone is not a setting; did you mean time_zone?"),
        ("zzzz = 1", "zzzz is not a setting"),
        ("[backups]\nkept = 1", "backups.kept: expected `int` >= 2"),
        ("[backups]\nkept = '7'", "backups.kept: expected `int`, got `str`"),
        ("[storage]\ngroup_jobs_max = 5000", "storage.group_jobs_max: expected `int` <= 4096"),
        ("[web]\nlisten = 'everywhere'", "web.listen: expected `str` matching regex"),
        ("[web]\nlisten = '127.0.0.1:70000'", "web.listen: a port is at most 65535"),
        ("[logging]\nlevel = 'loud'", "logging.level: expected `str` matching regex"),
        ("web = 3", "web: expected `object`, got `int`"),
        ("time_zone = 'Asia/Nowhere'", "time_zone: Asia/Nowhere is no time zone"),
        ("time_zone = '../../etc/passwd'", "is no time zone"),
        ("[web\n", "branchbox.toml cannot be read"),
        ("#" * 300_000, "larger than"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load(write(tmp_path, text))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("web.lisen", "x", "did you mean web.listen?"),
        ("backups.kept", "many", "backups.kept: Expected `int`"),
        ("backups.kept", "1", "backups.kept: expected `int` >= 2"),
        ("web", "x", "web is not a setting"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load(None, {name: value})
    assert says in str(refused.value)


def test_an_argument_under_a_section_that_the_file_made_a_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match="web is a section"):
        load(write(tmp_path, "web = 3"), {"web.listen": "127.0.0.1:1"})


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "branchbox.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigRefused, match="cannot be read"):
        load(file)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load(None).web.listen = "x"  # type: ignore[misc]


def test_every_setting_has_a_meaning_in_both_languages_and_a_default_within_bounds() -> None:
    table = rows()
    assert len({row.name for row in table}) == len(table) > 15
    for row in table:
        assert row.zh, row.name
        assert row.en, row.name
        assert any("\u4e00" <= character <= "\u9fff" for character in row.zh), row.name
        if not isinstance(row.default, str):
            assert row.low is not None, row.name
            assert row.high is not None, row.name
            assert row.low <= row.default <= row.high, row.name


def test_every_number_says_its_unit_in_its_name_or_counts_things() -> None:
    counts = {"_max", "kept"}
    for row in rows():
        if not isinstance(row.default, str) and not row.unit:
            assert any(row.name.endswith(end) for end in counts), row.name


@given(st.sampled_from([row for row in rows() if not isinstance(row.default, str)]), st.integers(-10, 2**50))
def test_a_number_is_taken_exactly_within_its_bounds(row: Row, value: int) -> None:
    assert row.low is not None
    assert row.high is not None
    if row.low <= value <= row.high:
        section, _, leaf = row.name.rpartition(".")
        assert msgspec.to_builtins(load(None, {row.name: value}))[section][leaf] == value
    else:
        with pytest.raises(ConfigRefused, match=row.name):
            load(None, {row.name: value})
