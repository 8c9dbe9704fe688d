"""What differs between drawers behind a printer: nothing; how one is wired is a trait of the printer it is plugged into."""

from drivers.profiles import Section


class CashDrawerTraits(Section, frozen=True, kw_only=True):
    """Empty."""
