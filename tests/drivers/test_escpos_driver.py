"""The driver's own promises, beyond what conformance tells of every driver."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from drivers import virtualtime
from drivers.api import (
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    Outcome,
    Proof,
    Started,
    Status,
)
from drivers.document import Document, Picture, Text
from drivers.interfaces.printer import (
    ControlMedia,
    Cut,
    LateProof,
    PrintForm,
    PrintRaw,
    TestPrint,
    next_process_id,
)
from drivers.lettering import Lettering
from drivers.session import WAITING_MAX
from drivers.transport.memory import Bend, Temper
from tests.drivers.printers import SMALL, STRONG, WEAK, Hearing, emulated, scripted
from tests.drivers.slips import ticket


def run(main: Coroutine[Any, Any, None]) -> None:
    virtualtime.run(main)


def print_form(process_id: str = "0001", text: str = "A003") -> PrintForm:
    return PrintForm(document=Document((Text(text),)), process_id=process_id)


def test_the_caller_commits_before_the_first_byte() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        seen: list[int] = []

        async def commit(event: Event) -> None:
            if isinstance(event, Started):
                await asyncio.sleep(1)
                seen.append(len(emulator.slips()))

        completion = await printer.execute(print_form(), on_event=commit)
        assert seen == [0]
        assert completion.proof is Proof.PROCESS_ID
        await printer.close()

    run(story())


def test_a_caller_that_cannot_commit_gets_nothing_printed() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()

        async def fail(event: Event) -> None:
            if isinstance(event, Started):
                raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await printer.execute(print_form(), on_event=fail)
        assert emulator.slips() == []
        assert (await printer.execute(print_form("0002"))).done, "and the printer is free for the next"
        await printer.close()

    run(story())


def test_a_copy_says_so() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        await printer.execute(PrintForm(document=ticket(), process_id="0001"))
        await printer.execute(PrintForm(document=ticket(), process_id="0002", mark="补打"))
        assert [slip.copy for slip in emulator.slips()] == [False, True]
        assert [slip.process_id for slip in emulator.slips()] == ["0001", "0002"]
        await printer.close()

    run(story())


def test_a_slip_left_in_doubt_is_reported_when_it_comes_out_after_all() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        heard: list[Event] = []
        printer.subscribe(heard.append)
        await printer.open()
        emulator.act("paper_out", {"after_mm": 2})
        completion = await printer.execute(print_form("0017"), timeout_s=5)
        assert (completion.outcome, completion.error) == (Outcome.UNKNOWN, ErrorCode.PAPER_OUT)
        emulator.act("paper_in")
        await asyncio.sleep(1)
        assert LateProof(process_id="0017") in heard
        await printer.close()

    run(story())


def test_a_full_printer_can_be_given_up_on_and_is_cleared_at_the_next_greeting() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        emulator.act("cover_open", {"after_mm": 1})
        dots = tuple(Picture(576, 240, bytes(72 * 240)) for _ in range(8))
        big = PrintForm(document=Document((Text("A001"), *dots)), process_id="0001")
        completion = await printer.execute(big, timeout_s=30)
        assert completion.outcome is Outcome.UNKNOWN
        await printer.wait_lost()
        emulator.act("cover_close")
        await printer.open()
        assert (await printer.execute(print_form("0002"))).done
        first, second = emulator.slips()
        assert (first.complete, second.complete, second.text) == (False, True, "A003\n")
        await printer.close()

    run(story())


def test_a_wire_torn_in_the_body_leaves_no_rest_for_the_next_slip() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated(bend=Bend(Temper.UNPLUGGED, dies_after_bytes=150))
        await printer.open()
        completion = await printer.execute(PrintForm(document=ticket("A001"), process_id="0001"))
        assert completion.outcome is Outcome.UNKNOWN
        await printer.wait_lost()
        await printer.open()
        assert (await printer.execute(PrintForm(document=ticket("A002"), process_id="0002"))).done
        first, second = emulator.slips()
        assert not first.complete
        assert second.complete
        assert "A001" not in second.text
        await printer.close()

    run(story())


def test_a_weak_proof_is_not_taken_from_an_earlier_connection() -> None:
    fences = 0

    def answer(data: bytes) -> bytes:
        nonlocal fences
        if data[:2] == b"\x10\x04":
            return b"\x12"
        if data == b"\x1dr\x01":
            fences += 1
            # The first answer is to a fence of long ago; ours comes with it. Later ones never come.
            return b"\x00\x00" if fences == 1 else b""
        return b""

    async def story() -> None:
        printer, _ = scripted(answer, WEAK)
        await printer.open()
        completion = await printer.execute(print_form(), timeout_s=60)
        assert completion.outcome is Outcome.UNKNOWN
        await printer.close()

    run(story())


def test_a_weak_proof_needs_a_contented_printer() -> None:
    printed = False

    def answer(data: bytes) -> bytes:
        nonlocal printed
        if data[:2] == b"\x10\x04":
            return b"\x72" if printed and data[2] == 4 else b"\x12"
        printed = printed or b"A003" in data
        return b"\x00" if data.endswith(b"\x1dr\x01") else b""

    async def story() -> None:
        printer, _ = scripted(answer, WEAK)
        await printer.open()
        completion = await printer.execute(print_form())
        assert (completion.outcome, completion.error) == (Outcome.UNKNOWN, ErrorCode.PAPER_OUT)
        await printer.close()

    run(story())


def test_an_answered_question_is_no_proof_where_the_job_should_be_named() -> None:
    def answer(data: bytes) -> bytes:
        if data[:2] == b"\x10\x04":
            return b"\x12"
        return b"\x00" if data.endswith(b"\x1dr\x01") else b""

    async def story() -> None:
        printer, _ = scripted(answer, STRONG)
        await printer.open()
        completion = await printer.execute(print_form())
        assert (completion.outcome, completion.error) == (Outcome.UNKNOWN, ErrorCode.BUFFER_LOST)
        await printer.close()

    run(story())


def test_the_proof_counts_even_if_the_wire_dies_with_it() -> None:
    async def story() -> None:
        printer, emulator, outlet = emulated()
        await printer.open()
        emulator.act("cover_open", {"after_mm": 1})
        printing = asyncio.create_task(printer.execute(print_form()))
        await asyncio.sleep(1)
        emulator.act("cover_close")
        outlet.unplug()
        assert (await printing).done
        await printer.close()

    run(story())


def test_an_unanswered_question_is_asked_once_more() -> None:
    asked = 0

    def answer(_: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return b"" if asked == 3 else b"\x12"

    async def story() -> None:
        printer, _ = scripted(answer, WEAK)
        await printer.open()
        assert printer.status().device is DeviceStatus.ONLINE
        await printer.close()

    run(story())


def test_an_open_that_nobody_answers_fails_and_can_be_repeated() -> None:
    async def story() -> None:
        printer, device = scripted(lambda _: b"")
        with pytest.raises(DeviceError) as failure:
            await printer.open()
        assert failure.value.code is ErrorCode.NO_ANSWER
        assert printer.status() == Status(device=DeviceStatus.OFFLINE, error=ErrorCode.NO_ANSWER)
        with pytest.raises(DeviceError):
            await printer.open()
        assert device.heard.count(b"\x10\x04\x01") == 4

    run(story())


def test_what_waits_is_bounded_and_times_out_in_the_queue() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        emulator.act("cover_open", {"after_mm": 1})
        first = asyncio.create_task(printer.execute(print_form()))
        await asyncio.sleep(1)
        hearing = Hearing()
        waiting = [
            asyncio.create_task(printer.execute(print_form(f"{n:04d}"), timeout_s=3, on_event=hearing))
            for n in range(2, WAITING_MAX + 1)
        ]
        await asyncio.sleep(1)
        assert printer.waiting == WAITING_MAX
        refused = await printer.execute(print_form("9999"))
        assert (refused.error, refused.outcome) == (ErrorCode.TOO_MANY_REQUESTS, Outcome.HELD)
        completions = await asyncio.gather(*waiting)
        assert {(done.code, done.outcome) for done in completions} == {(CompletionCode.TIME_OUT, Outcome.HELD)}
        assert set(hearing.kinds) == {"Acknowledged"}
        emulator.act("cover_close")
        assert (await first).done
        await printer.close()

    run(story())


def test_a_caller_that_walks_away_takes_its_waiting_command_along() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        emulator.act("cover_open", {"after_mm": 1})
        first = asyncio.create_task(printer.execute(print_form()))
        await asyncio.sleep(1)
        second = asyncio.create_task(printer.execute(print_form("0002", "B001")))
        await asyncio.sleep(1)
        second.cancel()
        emulator.act("cover_close")
        assert (await first).done
        await asyncio.sleep(1)
        assert [slip.text for slip in emulator.slips()] == ["A003\n"]
        assert printer.waiting == 0
        await printer.close()

    run(story())


def test_without_a_font_the_slip_is_refused_and_nothing_sent() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated(lettering=Lettering(Path("nowhere.ttc")))
        await printer.open()
        completion = await printer.execute(print_form(text="䶮"))
        assert (completion.error, completion.outcome) == (ErrorCode.CHAR_SET_DATA, Outcome.HELD)
        assert "fonts-noto-cjk" in completion.detail
        assert emulator.slips() == []
        await printer.close()

    run(story())


@pytest.mark.parametrize("profile", [STRONG, WEAK, SMALL], ids=lambda profile: profile.id)
def test_every_model_prints_its_specimen(profile: Any) -> None:
    async def story() -> None:
        printer, emulator, _ = emulated(profile)
        await printer.open()
        assert (await printer.execute(TestPrint(process_id="0001"))).done
        assert profile.id in emulator.slips()[0].text
        assert "Printer.TestPrint" in printer.capabilities().commands
        await printer.close()

    run(story())


def test_raw_bytes_are_proven_too_and_paper_can_be_cut() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        await printer.open()
        assert (await printer.execute(PrintRaw(data=b"\x1b@raw\n", process_id="0001"))).proof is Proof.PROCESS_ID
        assert emulator.slips() == []
        assert (await printer.execute(ControlMedia(cut=Cut.FULL, flush=True))).done
        assert [slip.text for slip in emulator.slips()] == ["raw\n"]
        assert printer.capabilities().serial_number == "EMU0001"
        await printer.close()

    run(story())


def test_the_ring_of_process_ids_closes() -> None:
    assert next_process_id(None) == "0001"
    assert next_process_id("0041") == "0042"
    assert next_process_id("9999") == "0001"
    with pytest.raises(ValueError, match="four digits"):
        PrintRaw(data=b"", process_id="42")
