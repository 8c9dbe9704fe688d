"""The paper in the customer's hand: what is printed on a ticket, in the ticket's language with the other one beside it.

Arrival time is machine-printed, as the waiting-time laws of several cities want it. No personal data.
"""

from datetime import datetime
from typing import Final, NamedTuple

from drivers.document import Align, AnyPart, Document, Feed, Pair, Qr, Rule, Text
from edge.org.model import Branch, Service
from edge.queue.model import Language

MINUTE_S: Final = 60


class SlipFacts(NamedTuple):
    """Everything that stands on a slip."""

    branch: Branch
    service: Service
    number: str
    taken_at: datetime
    ahead: int
    wait_low_s: int
    wait_high_s: int
    language: Language
    phone_url: str
    priority: bool


class _Words(NamedTuple):
    title: str
    ahead: str
    ahead_value: str
    nobody: str
    next: str
    """Nobody, and it will not take long: otherwise the range alone says when."""
    wait: str
    wait_value: str
    long: str
    soon: str
    taken: str
    scan: str
    keep: str
    priority: str


_WORDS: Final = {
    Language.ZH: _Words(
        title="您的号码",
        ahead="前面等候",
        ahead_value="{} 人",
        nobody="没有人",
        next="没有人，马上到您",
        wait="预计等待",
        wait_value="{}–{} 分钟",
        long="2 小时以上",
        soon="很快",
        taken="取号时间",
        scan="扫码看进度，叫到您时手机会提醒",
        keep="请留意叫号；过号请到服务台，当日有效",
        priority="优先服务",
    ),
    Language.EN: _Words(
        title="Your number",
        ahead="Ahead of you",
        ahead_value="{}",
        nobody="nobody",
        next="nobody, you are next",
        wait="Waiting time",
        wait_value="{}–{} min",
        long="over 2 hours",
        soon="very soon",
        taken="Taken at",
        scan="Scan to follow the queue; your phone tells you",
        keep="Please listen for your number. Valid today.",
        priority="PRIORITY",
    ),
}
_OTHER: Final = {Language.ZH: Language.EN, Language.EN: Language.ZH}
SOON_S: Final = 180
LONG_S: Final = 7200
"""Beyond this a range in minutes would only look broken."""


def document(facts: SlipFacts) -> Document:
    """Lay out one slip."""
    words = _WORDS[facts.language]
    chinese = facts.language is Language.ZH
    first, second = (facts.service.name, facts.service.name_en) if chinese else (facts.service.name_en, facts.service.name)
    bank, bank_other = (facts.branch.name, facts.branch.name_en) if chinese else (facts.branch.name_en, facts.branch.name)
    parts: list[AnyPart] = [
        Text(bank, align=Align.CENTRE, bold=True, tall=True),
        Text(bank_other, align=Align.CENTRE),
        Feed(16),
        *_marks(facts, words),
        Text(f"{words.title} {_WORDS[_OTHER[facts.language]].title}", align=Align.CENTRE),
        Text(facts.number, align=Align.CENTRE, scale=5, bold=True),
        Text(first, align=Align.CENTRE, scale=2),
        Text(second, align=Align.CENTRE),
        Feed(12),
        Rule(),
        Feed(8),
        Pair(words.ahead, _ahead(facts, words), bold=True),
        Pair(words.wait, _wait(facts, words), bold=True),
        Pair(words.taken, f"{facts.taken_at:%Y-%m-%d %H:%M:%S}"),
        Feed(8),
        Rule(),
        Feed(20),
        Qr(facts.phone_url),
        Feed(16),
        Text(words.scan, align=Align.CENTRE),
        Text(words.keep, align=Align.CENTRE),
        Feed(40),
    ]
    return Document(tuple(parts))


def _marks(facts: SlipFacts, words: _Words) -> list[AnyPart]:
    return [Text(f" {words.priority} ", align=Align.CENTRE, inverse=True, bold=True)] if facts.priority else []


def _ahead(facts: SlipFacts, words: _Words) -> str:
    if facts.ahead:
        return words.ahead_value.format(facts.ahead)
    return words.next if facts.wait_high_s <= SOON_S else words.nobody


def _wait(facts: SlipFacts, words: _Words) -> str:
    if facts.wait_high_s <= SOON_S:
        return words.soon
    if facts.wait_low_s >= LONG_S:
        return words.long
    return words.wait_value.format(facts.wait_low_s // MINUTE_S, -(-facts.wait_high_s // MINUTE_S))
