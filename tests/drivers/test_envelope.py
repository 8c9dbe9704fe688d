"""Every word of every interface, written as JSON and read back; nothing personal leaves unmasked."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers import registry
from drivers.api import Acknowledged, Command, Completion, CompletionCode, ErrorCode, Outcome, Proof
from drivers.confidential import Confidential, Opaque, Pan
from drivers.document import Document, Pair, Picture, Text
from drivers.envelope import (
    MODULES,
    EnvelopeError,
    Message,
    Privacy,
    Vocabulary,
    acknowledge_message,
    body,
    command_message,
    completion_message,
    decode,
    encode,
    event_message,
    read_body,
    vocabulary,
)
from drivers.interfaces.card_reader import BankCard, BankCardRead, CardSeen, ReadBy
from drivers.interfaces.printer import PrintForm

st.register_type_strategy(Opaque, st.binary(max_size=20).map(Opaque))
ALL = {name: Vocabulary(module) for name, module in MODULES.items()}


WORDS = [(name, word) for name, one in ALL.items() for words in (one.commands, one.events) for word in words.values()]


@pytest.mark.parametrize("family", sorted(registry.FAMILIES))
def test_every_family_has_its_words(family: str) -> None:
    assert vocabulary(family, registry.manifest(family).interface).commands


@given(st.data())
def test_what_is_written_whole_is_read_back_as_it_was(data: st.DataObject) -> None:
    name, word = data.draw(st.sampled_from(WORDS))
    value = data.draw(filled(word))
    assume(value is not None)
    spoken = ALL[name]
    if isinstance(value, Command):
        message = decode(encode(command_message(value, 7, timeout_s=1.5, privacy=Privacy.WHOLE)))
        assert spoken.command(message) == value or _opaque(value)
        assert message.header.timeout == 1500
    else:
        message = decode(encode(event_message(value, None, privacy=Privacy.WHOLE)))
        assert spoken.event(message) == value or _opaque(value)


@st.composite
def filled(draw: st.DrawFn, word: type) -> Any:
    """One with its required fields drawn blindly; None where that breaks a rule of the word, which the builder cannot know."""
    try:
        value = draw(st.builds(word))
        read_body(body(value, Privacy.WHOLE), word)
    except (ValueError, EnvelopeError):
        return None
    return value


def _opaque(value: Any) -> bool:
    """Opaque bytes are equal to nothing, not even to themselves read back."""
    return "Opaque" in repr(value)


def test_the_reference_exchange_looks_as_it_should() -> None:
    """The form of reference recipe D: name, type, requestId, timeout in milliseconds, camelCase payload."""
    command = PrintForm(document=Document((Text("A012"), Pair("窗口", "3"), Picture(8, 1, b"\x00"))), process_id="0042")
    message = msgspec.json.decode(encode(command_message(command, 7, timeout_s=15, privacy=Privacy.MASKED)))
    assert message["header"] == {
        "name": "Printer.PrintForm",
        "type": "command",
        "requestId": 7,
        "version": "1.0",
        "timeout": 15000,
    }
    assert message["payload"]["processId"] == "0042"
    assert message["payload"]["document"]["parts"][2] == {
        "part": "picture",
        "widthDots": 8,
        "heightDots": 1,
        "bits": "AA==",
        "align": "centre",
    }
    acknowledged = msgspec.json.decode(encode(acknowledge_message("Printer.PrintForm", 7)))
    assert acknowledged == {"header": {"name": "Printer.PrintForm", "type": "acknowledge", "requestId": 7, "version": "1.0"}}


def test_a_card_number_leaves_masked_and_only_the_pipe_carries_it_whole() -> None:
    seen = CardSeen(card=BankCard(pan=Pan("6222021234567890"), read_by=ReadBy.STRIPE))
    masked = encode(event_message(seen, None, privacy=Privacy.MASKED))
    assert b"622202******7890" in masked
    assert b"1234" not in masked
    whole = decode(encode(event_message(seen, None, privacy=Privacy.WHOLE)))
    assert ALL["card_reader"].event(whole) == seen


@given(
    st.sampled_from(CompletionCode),
    st.sampled_from(Outcome),
    st.none() | st.sampled_from(ErrorCode),
    st.none() | st.sampled_from(Proof),
    st.text(max_size=30),
)
def test_completions_come_back_with_outcome_and_proof(
    code: CompletionCode, outcome: Outcome, error: ErrorCode | None, proof: Proof | None, detail: str
) -> None:
    card = BankCardRead(card=BankCard(pan=Pan("6222021234567890"), read_by=ReadBy.STRIPE))
    payload = card if outcome is Outcome.DONE else None
    sent = Completion(request_id=9, code=code, outcome=outcome, error=error, proof=proof, detail=detail, payload=payload)
    message = decode(encode(completion_message("CardReader.ReadRawData", sent, 9, privacy=Privacy.WHOLE)))
    assert ALL["card_reader"].completion(message) == sent


def test_somebody_elses_failure_without_an_outcome_is_in_doubt() -> None:
    failed = decode(
        b'{"header":{"name":"Printer.PrintForm","type":"completion","requestId":7,"completionCode":"commandErrorCode"},'
        b'"payload":{"errorCode":"paperOut"}}'
    )
    completion = ALL["printer"].completion(failed)
    assert (completion.outcome, completion.error) == (Outcome.UNKNOWN, ErrorCode.PAPER_OUT)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_garbage_is_refused_by_name_only(data: bytes) -> None:
    try:
        message = decode(data)
    except EnvelopeError:
        return
    assert isinstance(message, Message)


@pytest.mark.parametrize(
    "line",
    [
        b'{"header":{"name":"Printer.Explode","type":"command","requestId":1}}',
        b'{"header":{"name":"Printer.PrintForm","type":"command","requestId":1},"payload":{"processId":7}}',
        b'{"header":{"name":"Printer.PrintForm","type":"command","requestId":1},"payload":{"processId":"12345"}}',
    ],
)
def test_commands_that_are_none_are_refused(line: bytes) -> None:
    with pytest.raises(EnvelopeError):
        ALL["printer"].command(decode(line))


@pytest.mark.parametrize("line", [b'{"header":{"name":"X.Y","type":"command","requestId":0}}', b"[]", b"{}", b"\xff"])
def test_messages_that_are_none_are_refused(line: bytes) -> None:
    with pytest.raises(EnvelopeError):
        decode(line)


def test_events_of_a_command_keep_its_request() -> None:
    message = decode(encode(event_message(Acknowledged(request_id=3), 3, privacy=Privacy.MASKED)))
    assert (message.header.type, message.header.request_id) == ("event", 3)
    assert ALL["printer"].event(message) == Acknowledged(request_id=3)


def test_confidential_words_are_not_written_by_mistake() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Confidential("x"))
