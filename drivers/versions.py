"""Firmware versions as makers write them: told apart by their numbers, `1.10` after `1.9`; what has none is not judged."""


def numbers(version: str) -> tuple[int, ...]:
    """The numbers in it, in order: `EC20CEFAGR06A02M4G` is (20, 6, 2, 4)."""
    return tuple(int(part) for part in "".join(c if c in "0123456789" else " " for c in version).split())


def older(version: str | None, than: str | None) -> bool:
    """Whether a version comes before another; false where either is unknown or has no numbers."""
    if version is None or than is None:
        return False
    one, other = numbers(version), numbers(than)
    return bool(one) and bool(other) and one < other
