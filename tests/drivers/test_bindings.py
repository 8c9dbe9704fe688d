"""Which device hangs where: kept over restarts, one device a place and one place a device."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bindings import FILE, Binding, BindingsBroken, bind, load, placed, save
from drivers.registry import DeviceConfig
from drivers.transport.udev import Place

NAMES = st.sampled_from(["printer-1", "printer-2", "reader-1"])
SOCKETS = st.sampled_from(
    ["usblp:///dev/branchbox/printer-a", "usblp:///dev/branchbox/printer-b", "hid:///dev/branchbox/hid-c"]
)


def test_nobody_has_bound_anything(tmp_path: Path) -> None:
    assert load(tmp_path) == []


@given(st.lists(st.tuples(NAMES, SOCKETS), max_size=12))
def test_the_last_word_holds_and_nothing_is_bound_twice(
    tmp_path_factory: pytest.TempPathFactory, words: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("box")
    for device, address in words:
        save(folder, Binding(device=device, address=address))
    kept = load(folder)
    assert len({one.device for one in kept}) == len({one.address for one in kept}) == len(kept)
    if words:
        assert words[-1] in [(one.device, one.address) for one in kept]


def test_a_bound_device_is_dialled_at_its_place(tmp_path: Path) -> None:
    place = Place(address="usblp:///dev/branchbox/printer-a", wire="usb-lp", path="a", node="/dev/usb/lp0", usb="04b8:0202")
    bindings = save(tmp_path, bind("printer-1", place))
    devices = [
        DeviceConfig(id=name, profile="epson.tm-t88vi", address="tcp://192.0.2.1:9100") for name in ("printer-1", "printer-2")
    ]
    assert [one.address for one in placed(devices, bindings)] == [place.address, "tcp://192.0.2.1:9100"]


@pytest.mark.parametrize("content", [b"", b"{", b'[{"device": "UPPER", "address": "x"}]', b"[" + b" " * 300_000 + b"]"])
def test_a_damaged_file_is_said_and_not_overwritten(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BindingsBroken):
        load(tmp_path)
    with pytest.raises(BindingsBroken):
        save(tmp_path, Binding(device="printer-1", address="usblp:///dev/x"))
    assert (tmp_path / FILE).read_bytes() == content
