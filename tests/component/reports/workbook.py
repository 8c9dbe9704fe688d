"""What a workbook's cells say, as the screen writes it."""

from datetime import datetime, timedelta
from typing import Any


def as_on_screen(row: list[Any]) -> list[Any]:
    """Excel's days and times as texts."""
    return [_text(value) if isinstance(value, datetime) else value for value in row]


def _text(value: datetime) -> str:
    text = (value + timedelta(milliseconds=500)).isoformat(" ")[:19]
    return text.removesuffix(" 00:00:00")
