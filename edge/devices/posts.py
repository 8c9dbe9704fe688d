"""Where a device has its post: at which kiosk, at which windows, before the whole hall.

Nothing is decided here. It is told from what those go by who use the device: the branch document says which printer and which
readers belong to which kiosk (`Place`); a rating pad's id ends in its window's number; the addresses on a bus are numbers of
windows (`window_devices.py`, `signs.py`). A device without a post is seen in the console and used by nobody yet.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from drivers.call_keypad.traits import CallKeypadTraits
from drivers.led_board.traits import LedTraits
from drivers.profiles import Profile
from edge.devices.window_devices import window_of
from edge.org.place import Place

ALL_OTHERS: Final = "*"


class Post(msgspec.Struct, frozen=True):
    """One place where a device serves."""

    kind: Literal["kiosk", "other_kiosks", "window", "hall", "gate", "messages"]
    at: str = ""
    """The kiosk's id; the window's number, or the first and the last with a dash between."""


def _prints_for(device: str, _profile: Profile, place: Place) -> list[Post]:
    kiosks = [kiosk for kiosk, printer in place.printers.items() if printer == device]
    return [Post("other_kiosks") if kiosk == ALL_OTHERS else Post("kiosk", kiosk) for kiosk in kiosks]


def _reads_for(device: str, _profile: Profile, place: Place) -> list[Post]:
    kiosk = place.kiosk_of(device)
    return [] if kiosk is None else [Post("kiosk", kiosk)]


def _rates_at(device: str, _profile: Profile, _place: Place) -> list[Post]:
    window = window_of(device)
    return [] if window is None else [Post("window", str(window))]


def _keys_at(_device: str, profile: Profile, _place: Place) -> list[Post]:
    return [_windows(profile.section(CallKeypadTraits).units)]


def _lights_at(_device: str, profile: Profile, _place: Place) -> list[Post]:
    traits = profile.section(LedTraits)
    return [Post("hall") if traits.place == "hall" else _windows(traits.boards)]


def _windows(bus: tuple[int, int]) -> Post:
    first, last = bus
    return Post("window", str(first) if first == last else f"{first}-{last}")


def _always(post: Post) -> Callable[[str, Profile, Place], list[Post]]:
    return lambda _device, _profile, _place: [post]


POSTS: Final[Mapping[str, Callable[[str, Profile, Place], list[Post]]]] = {
    **dict.fromkeys(("escpos_printer", "xfs_client"), _prints_for),
    **dict.fromkeys(("magnetic_stripe", "barcode_scanner", "motor_card_reader", "chip_card", "id_card_reader"), _reads_for),
    "evaluator": _rates_at,
    "call_keypad": _keys_at,
    "led_board": _lights_at,
    "voice": _always(Post("hall")),
    "plate_camera": _always(Post("gate")),
    "gsm_modem": _always(Post("messages")),
}
"""By family; what is missing has no post."""


def posts_of(device: str, profile: Profile, place: Place) -> list[Post]:
    """None where nobody uses it yet."""
    told = POSTS.get(profile.family)
    return [] if told is None else told(device, profile, place)
