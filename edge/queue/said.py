"""What staff type: a reason, an outcome. It is journalled for good, so a person's number has no place in it (design §2.7)."""

from edge.kernel.domain import Rejected
from edge.kernel.redaction import holds_number


def said(text: str) -> str:
    """`text` as it may be kept. Raises Rejected("number_in_text")."""
    if holds_number(text):
        raise Rejected("number_in_text")
    return text
