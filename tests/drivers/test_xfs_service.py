"""A program's exchange with a device, message by message: acknowledge, events, one completion, and its own requests only."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import virtualtime
from drivers.document import Document, Text
from drivers.envelope import Privacy, command_message, encode, vocabulary
from drivers.interfaces.printer import PrintForm
from drivers.xfs_service import REQUESTS_MAX, Conversation, publisher
from tests.drivers.printers import emulated

WORDS = vocabulary("escpos_printer", "Printer")


def printing(request_id: int, number: str = "0001") -> bytes:
    form = PrintForm(document=Document((Text("A012"),)), process_id=number)
    return encode(command_message(form, request_id, timeout_s=60, privacy=Privacy.MASKED))


def asking(name: str, request_id: int | None, payload: dict[str, Any] | None = None) -> str:
    return json.dumps(
        {"header": {"name": name, "type": "command", "requestId": request_id, "version": "1.0"}, "payload": payload}
    )


class Program:
    """A program that remembers what it is told."""

    def __init__(self, device: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self.conversation = Conversation(device, WORDS, lambda message: self.told.append(json.loads(message)))

    def heard(self, request_id: int | None) -> list[tuple[str, str]]:
        return [
            (one["header"]["type"], one["header"]["name"]) for one in self.told if one["header"].get("requestId") == request_id
        ]

    def completion(self, request_id: int) -> dict[str, Any]:
        (found,) = [
            one for one in self.told if one["header"].get("requestId") == request_id and one["header"]["type"] == "completion"
        ]
        return found


def test_a_print_is_acknowledged_begun_and_completed_with_its_proof() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        program = Program(printer)
        program.conversation.received(printing(7))
        await asyncio.sleep(30)
        assert program.heard(7) == [
            ("acknowledge", "Printer.PrintForm"),
            ("event", "Common.Started"),
            ("completion", "Printer.PrintForm"),
        ]
        done = program.completion(7)
        assert done["header"]["completionCode"] == "success"
        assert done["payload"] == {"outcome": "done", "proof": "processId"}
        assert len(emulator.slips()) == 1
        await program.conversation.close()
        await printer.close()

    virtualtime.run(story())


def test_paper_out_in_the_middle_is_told_and_cancelled_by_whoever_asked_and_nobody_else() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        mine, other = Program(printer), Program(printer)
        emulator.act("paper_out", {"after_mm": 5})
        mine.conversation.received(printing(7))
        await asyncio.sleep(30)
        assert ("event", "Common.Held") in mine.heard(7)
        assert ("unsolicited", "Common.StatusChangedEvent") in other.heard(None), "the state of the printer is everybody's"
        other.conversation.received(asking("Common.Cancel", 1, {"requestIds": None}))
        await asyncio.sleep(5)
        assert ("completion", "Printer.PrintForm") not in mine.heard(7), "another connection's cancel is not for us"
        mine.conversation.received(asking("Common.Cancel", 8, {"requestIds": [7]}))
        await asyncio.sleep(5)
        assert mine.completion(7)["header"]["completionCode"] == "canceled"
        assert mine.completion(7)["payload"]["outcome"] == "unknown"
        for program in (mine, other):
            await program.conversation.close()
        await printer.close()

    virtualtime.run(story())


def test_a_program_that_goes_takes_its_wishes_along() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        program = Program(printer)
        emulator.act("cover_open")
        emulator.act("cover_close")
        emulator.act("paper_out", {"after_mm": 5})
        program.conversation.received(printing(1))
        await asyncio.sleep(10)
        assert printer.waiting == 1
        await program.conversation.close()
        await asyncio.sleep(5)
        assert printer.waiting == 0
        await printer.close()

    virtualtime.run(story())


def test_requests_are_told_apart_and_bounded() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        program = Program(printer)
        emulator.act("paper_out", {"after_mm": 5})
        for request_id in range(1, REQUESTS_MAX + 2):
            program.conversation.received(printing(request_id, f"{request_id:04d}"))
        program.conversation.received(printing(1))
        program.conversation.received(asking("Printer.Reset", None))
        program.conversation.received(b"{")
        refused = [one["header"]["status"] for one in program.told if "status" in one["header"]]
        assert refused == ["tooManyRequests", "invalidRequestID", "invalidRequestID", "invalidMessage"]
        await program.conversation.close()
        await printer.close()

    virtualtime.run(story())


def test_what_every_service_knows_is_answered_without_the_device() -> None:
    async def story() -> None:
        printer, _, _ = emulated()
        program = Program(printer)
        program.conversation.received(asking("Common.Status", 1))
        program.conversation.received(asking("Common.Capabilities", 2))
        program.conversation.received(asking("Printer.Explode", 3))
        program.conversation.received(asking("Printer.PrintForm", 4, {"processId": 1}))
        assert program.completion(1)["payload"]["common"]["device"] == "starting"
        assert "Printer.PrintForm" in program.completion(2)["payload"]["common"]["commands"]
        assert program.completion(3)["header"]["completionCode"] == "unsupportedCommand"
        assert program.completion(4)["header"]["completionCode"] == "invalidData"
        program.conversation.received(printing(5))
        await asyncio.sleep(1)
        assert program.completion(5)["header"]["completionCode"] == "deviceNotReady"
        assert program.completion(5)["payload"]["errorCode"] == "notConnected"
        await program.conversation.close()

    virtualtime.run(story())


@given(st.lists(st.binary(max_size=80) | st.text(max_size=80), max_size=10))
def test_rubbish_is_answered_and_never_breaks_the_line(lines: list[bytes | str]) -> None:
    async def story() -> None:
        printer, _, _ = emulated()
        program = Program(printer)
        for line in lines:
            program.conversation.received(line)
            publisher(line, {})
        assert len(program.told) >= len(lines)
        await program.conversation.close()

    virtualtime.run(story())


def test_the_publisher_lists_the_services() -> None:
    services = {"printer-1": "ws://box/xfs4iot/v1.0/printer-1"}
    answer = json.loads(publisher(asking("ServicePublisher.GetServices", 3), services))
    assert answer["payload"] == {"vendorName": "Branchbox", "services": [{"serviceURI": services["printer-1"]}]}
    other = json.loads(publisher(asking("Printer.Reset", 4), services))
    assert other["header"]["completionCode"] == "unsupportedCommand"


@pytest.mark.parametrize("line", ['{"header":{"name":"X.Y","type":"event","requestId":1}}', "{}", ""])
def test_the_publisher_takes_commands_only(line: str) -> None:
    assert json.loads(publisher(line, {}))["header"]["status"] == "invalidMessage"
