"""Sales of head office over HTTP: a channel's program hands over what it sold, once the line is back."""

from typing import Annotated, Final

import msgspec

from edge.appointments import model as m
from edge.appointments.api import HALL, BookingRequest, wanted
from edge.appointments.sales import SaleAnswer
from edge.web.routes import Call, Routes

routes: Final = Routes("appointments")

Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:-]+$")]


class SaleRequest(BookingRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was sold, as the customer was told."""

    sale: Reference
    """By what head office knows it."""


@routes.post(
    "/api/appointments/sold",
    body=SaleRequest,
    reply=SaleAnswer,
    audience=HALL,
    permission="appointments.book",
    summary="Take over what head office sold of its quota; where that cannot be kept, why, and what is free instead",
    problems=("invalid_identity", "invalid_slot"),
)
async def take(call: Call[SaleRequest]) -> bytes:
    wish, secrets = wanted(call, call.body)
    return (await call.submit(m.TakeSale(sale=call.body.sale, wish=wish), secrets_=secrets)).answer
