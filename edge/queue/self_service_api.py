"""Diversion to self-service over HTTP: what a customer made of the offer."""

from typing import Annotated, Final

import msgspec

from edge.queue.model import AnswerDiversion
from edge.queue.self_service import SelfService
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")


class DiversionAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the customer goes to a machine."""

    service: Annotated[str, msgspec.Meta(max_length=80)]
    accepted: bool


@routes.post(
    "/api/self-service",
    body=DiversionAnswer,
    reply=SelfService,
    audience={"staff", "device"},
    permission="queue.issue_ticket",
    summary="A customer was offered a machine, and goes there or takes a number; the machines as they are then",
    problems=("no_self_service", "machines_busy", "day_closed"),
)
async def answer(call: Call[DiversionAnswer]) -> bytes:
    return (await call.submit(AnswerDiversion(service=call.body.service, accepted=call.body.accepted))).answer
