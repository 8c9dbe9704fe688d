"""Where the console says that a device serves: what the branch document and the devices' own names make of it."""

from zoneinfo import ZoneInfo

import pytest

from drivers import registry
from edge.devices.posts import Post, posts_of
from edge.kernel.clock import SystemClock
from edge.org.place import Place

PROFILES = registry.load_profiles()
CLOCK = SystemClock(floor_ms=0)
PLACE = Place(
    CLOCK,
    ZoneInfo("Asia/Shanghai"),
    "",
    printers={"kiosk-1": "printer-1", "kiosk-2": "printer-1", "*": "printer-2"},
    readers={"scanner-2": "kiosk-2", "*": "kiosk-1"},
)


@pytest.mark.parametrize(
    ("device", "profile", "posts"),
    [
        ("printer-1", "generic.escpos-80mm", [Post("kiosk", "kiosk-1"), Post("kiosk", "kiosk-2")]),
        ("printer-2", "generic.escpos-80mm", [Post("other_kiosks")]),
        ("printer-3", "generic.escpos-80mm", []),
        ("scanner-2", "generic.scanner-wedge", [Post("kiosk", "kiosk-2")]),
        ("scanner-3", "generic.scanner-wedge", [Post("kiosk", "kiosk-1")]),
        ("evaluator-12", "centerm.evaluator", [Post("window", "12")]),
        ("evaluator-left", "centerm.evaluator", []),
        ("passbook-printer-1", "olivetti.pr2e", []),
    ],
)
def test_a_device_serves_where_those_look_for_it_who_use_it(device: str, profile: str, posts: list[Post]) -> None:
    assert posts_of(device, PROFILES[profile], PLACE) == posts


def test_without_readers_in_the_document_none_stands_at_a_kiosk() -> None:
    bare = Place(CLOCK, ZoneInfo("UTC"), "")
    assert posts_of("scanner-1", PROFILES["generic.scanner-wedge"], bare) == []


def test_of_a_bus_and_of_the_hall_the_profile_knows() -> None:
    buses = [one for one in PROFILES.values() if one.family in ("call_keypad", "led_board")]
    told = [posts_of("device-1", one, PLACE) for one in buses]
    assert [Post("hall")] in told
    assert [Post("window", "1-8")] in told
    assert all(len(posts) == 1 for posts in told)
