"""The Evaluator interface: the customer's rating pad beside a window. Ours; XFS4IoT has no word for it.

The pad asks when it is told to and tells which key was pressed. Which service the opinion belongs to, and that there is one
opinion per service (S22), is the business of whoever asks.
"""

from typing import Annotated

import msgspec

from drivers.api import Command, Event, Payload

Score = Annotated[int, msgspec.Meta(ge=1, le=5)]
"""5 very satisfied 非常满意 · 4 satisfied 满意 · 3 fair 一般 · 2 not satisfied 不满意 · 1 very dissatisfied 非常不满意."""


class AskRating(Command, frozen=True, kw_only=True, tag="Evaluator.AskRating"):
    """Ask the customer, and wait for a key until the command's time is over. Cancelled, the pad stops asking."""


class RatingGiven(Payload, frozen=True, kw_only=True, tag="Evaluator.AskRating"):
    score: Score


class CancelRating(Command, frozen=True, kw_only=True, tag="Evaluator.CancelRating"):
    """Stop asking, whoever has asked."""


EvaluatorCommand = AskRating | CancelRating


class RatingPressed(Event, frozen=True, kw_only=True, tag="Evaluator.RatingPressedEvent"):
    """A key was pressed that nobody had asked for."""

    score: Score
