"""Sentences of the hall as clips and pauses, and back into words that a person reads. Pure.

The same sentences as the display page speaks (`ui/kit/speech.ts`): numbers character by character, counters as a person
says them. 请 A 零 零 三 号到 二 号窗口; number A zero zero three, please go to counter two.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from drivers.interfaces.voice import Word

CHIME: Final = "chime"
AFTER_CHIME_MS: Final = 150
PHRASE_MS: Final = 140
SENTENCE_MS: Final = 550
EN_WHOLE_MAX: Final = 20
_TEN: Final = 10

Tongue = Literal["zh", "en"]

_READ: Final[Mapping[str, str]] = MappingProxyType(
    {
        "zh/qing": "请",
        "zh/hao-dao": "号到",
        "zh/hao-chuangkou": "号窗口",
        "zh/yao": "幺",
        "zh/shi": "十",
        "en/number": "number ",
        "en/please-go-to-counter": " please go to counter ",
        CHIME: "♪ ",
    }
)


def call(number: str, counter: int, tongues: Sequence[Tongue], *, times: int) -> tuple[Word, ...]:
    """Chime, then the sentence `times` times in each tongue."""
    sentences = [sentence for tongue in tongues for sentence in [_SENTENCES[tongue](number, counter)] * times]
    said: list[Word] = [CHIME, AFTER_CHIME_MS]
    for n, sentence in enumerate(sentences):
        said += [*([SENTENCE_MS] if n else []), *sentence]
    return tuple(said)


def _zh(number: str, counter: int) -> tuple[Word, ...]:
    return ("zh/qing", PHRASE_MS, *_spelled("zh", number), "zh/hao-dao", PHRASE_MS, *_counter_zh(counter), "zh/hao-chuangkou")


def _en(number: str, counter: int) -> tuple[Word, ...]:
    whole = (f"en/{counter}",) if 0 <= counter <= EN_WHOLE_MAX else _spelled("en", str(counter))
    return ("en/number", PHRASE_MS, *_spelled("en", number), PHRASE_MS, "en/please-go-to-counter", *whole)


_SENTENCES: Final = MappingProxyType({"zh": _zh, "en": _en})


def _spelled(tongue: Tongue, text: str) -> tuple[str, ...]:
    return tuple(f"{tongue}/{sign}" for sign in text.lower() if sign.isascii() and sign.isalnum())


def _counter_zh(counter: int) -> tuple[str, ...]:
    """12 → 十二, 20 → 二十; beyond two figures, figure by figure."""
    tens, ones = divmod(counter, _TEN)
    if not 1 <= tens < _TEN:
        return _spelled("zh", str(counter))
    return (*(() if tens == 1 else (f"zh/{tens}",)), "zh/shi", *((f"zh/{ones}",) if ones else ()))


def read(words: Sequence[str]) -> str:
    """What was spoken, as a line for people."""
    return "".join(_READ.get(word, word.rpartition("/")[2].upper()) for word in words).strip()
