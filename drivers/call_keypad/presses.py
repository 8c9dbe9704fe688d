"""What the presses of one keypad mean. Pure.

A keypad repeats a press until it is acknowledged, and a finger bounces. So a press counts once:

* the same sequence number again, before the keypad has said that nothing is pressed, is the same press: its acknowledgement
  was lost;
* the same key again within the bounce time is the same press;
* a press that already waits when the keypad is heard for the first time was made while nobody listened, perhaps before the box
  was restarted, perhaps acted upon already. It is dropped: a teller who gets nothing presses again, a customer who is called
  twice does not come back.

Digits are kept, up to four, for the key that ends them; `clear` and a pause of ten seconds drop them.
"""

from dataclasses import dataclass, field
from typing import Final

from drivers.call_keypad.traits import KeyCap
from drivers.interfaces.call_unit import NUMBER_DIGITS_MAX, UnitKey

NUMBER_S_MAX: Final = 10.0
_ACTS: Final = frozenset(KeyCap(key) for key in UnitKey)


@dataclass
class Presses:
    """One keypad's."""

    bounce_s: float
    heard: bool = False
    """It has answered since its wire was dialled."""
    n: int = 0
    """Presses with a meaning of their own since the program started."""
    _open: int | None = field(default=None, repr=False)
    """The sequence number that may still be repeated."""
    _last: tuple[KeyCap, float] | None = field(default=None, repr=False)
    _digits: str = field(default="", repr=False)
    _digit_s: float = field(default=0.0, repr=False)

    def nothing(self) -> None:
        """The keypad says that nothing is pressed: whatever comes next is new."""
        self.heard, self._open = True, None

    def pressed(self, sequence: int, meaning: KeyCap | None, now_s: float) -> tuple[UnitKey, str] | None:
        """What this press asks for, and the number before it; None where it asks for nothing more."""
        first, again = not self.heard, sequence == self._open
        self.heard, self._open = True, sequence
        if first or again or meaning is None or self._bounces(meaning, now_s):
            return None
        self._last = meaning, now_s
        if meaning not in _ACTS:
            self._collect(meaning, now_s)
            return None
        digits, self._digits = self._digits if now_s - self._digit_s <= NUMBER_S_MAX else "", ""
        self.n += 1
        return UnitKey(meaning), digits

    def _bounces(self, meaning: KeyCap, now_s: float) -> bool:
        """Digits may be double on purpose; keys that act may not."""
        return (
            meaning in _ACTS and self._last is not None and self._last[0] is meaning and now_s - self._last[1] < self.bounce_s
        )

    def _collect(self, meaning: KeyCap, now_s: float) -> None:
        if now_s - self._digit_s > NUMBER_S_MAX or meaning is KeyCap.CLEAR:
            self._digits = ""
        if meaning is not KeyCap.CLEAR:
            self._digits = (self._digits + meaning)[-NUMBER_DIGITS_MAX:]
        self._digit_s = now_s
