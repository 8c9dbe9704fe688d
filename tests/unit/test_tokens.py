"""The secret on the slip: whoever holds it sees one ticket; nobody can make one up."""

import base64

import pytest

from edge.kernel.domain import Context
from edge.queue.tokens import TOKEN_CHARS, TicketTokens
from tests.unit.given import CONTEXT, NOW_MS, ZONE

TOKENS = TicketTokens(b"k" * 32)
TICKET = CONTEXT.new_id()
TOKEN = TOKENS.of(TICKET)


def test_a_token_opens_its_ticket() -> None:
    assert TOKENS.ticket(TOKEN) == TICKET
    assert len(TOKEN) == TOKEN_CHARS
    assert TOKENS.of(TICKET) == TOKEN


def test_a_token_of_another_box_opens_nothing() -> None:
    assert TicketTokens(b"j" * 32).ticket(TOKEN) is None


@pytest.mark.parametrize("place", range(TOKEN_CHARS))
def test_no_changed_character_opens_anything(place: int) -> None:
    other = "A" if TOKEN[place] != "A" else "B"
    assert TOKENS.ticket(TOKEN[:place] + other + TOKEN[place + 1 :]) is None


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "x",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN[:-1] + "=",
        "=" * 32,
        "!" * 32,
        TOKEN[:-4] + "!!!!",
        " " + TOKEN[:-1],
        "号" * 32,
        "\0" * 32,
        "../" * 10 + "..",
        TICKET,
    ],
)
def test_garbage_opens_nothing(garbage: str) -> None:
    assert TOKENS.ticket(garbage) is None


def test_a_made_up_mark_opens_nothing() -> None:
    plain = base64.urlsafe_b64decode(TOKEN)[:14]
    assert TOKENS.ticket(base64.urlsafe_b64encode(plain + bytes(10)).decode()) is None


def test_ids_sort_by_time_and_cannot_be_guessed() -> None:
    ids = [Context(NOW_MS + later, ZONE, "system", bytes([255 - later]) * 32).new_id() for later in range(5)]
    assert ids == sorted(ids)
    assert all(TOKENS.ticket(TOKENS.of(one)) == one for one in ids)
    assert CONTEXT.new_token() not in ids
    assert len(base64.urlsafe_b64decode(CONTEXT.new_token() + "==")) == 16
