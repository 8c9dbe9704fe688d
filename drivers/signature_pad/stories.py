"""What is told of signature pads beyond the stories of every family."""

import io

from PIL import Image

from drivers.api import Command, CompletionCode, DeviceStatus, ErrorCode, Outcome
from drivers.conformance import Bench, must
from drivers.interfaces.signature import CaptureSignature, ClearScreen, PenMoved, ShowScreen, SignatureCaptured
from drivers.signature_pad.emulator import Screen, SignatureEmulator
from drivers.signature_pad.traits import SignatureTraits


async def brings_every_sample_with_time_and_pressure(bench: "SignatureBench") -> None:
    told = await bench.do()
    payload = told.completion and told.completion.payload
    if not isinstance(payload, SignatureCaptured):
        bench.expect(holds=False, what=f"a signature, not {told.completion}")
        return
    ink, traits = payload.ink, bench.profile.section(SignatureTraits)
    bench.expect(ink.strokes == 2, f"two strokes, not {ink.strokes}")
    bench.expect(ink.rate_hz >= 0.9 * traits.rate_hz or not traits.timed, f"at the pad's rate, not {ink.rate_hz}")
    bench.expect(any(not sample.down for sample in ink.samples[1:-1]), "the way between the strokes is kept")
    bench.expect(max(sample.pressure for sample in ink.samples) > traits.pressure_max // 2, "and the pressure")
    moved = [sample for event in told.events if isinstance(event, PenMoved) for sample in event.samples]
    bench.expect(tuple(moved[: len(ink.samples)]) == ink.samples, "the echo shows what is captured")
    times = [sample.t_ms for sample in ink.samples]
    bench.expect(times == sorted(times) and times[0] == 0, "time begins at the first touch and does not go back")


async def takes_no_accident_for_a_signature(bench: "SignatureBench") -> None:
    doing = bench.begin(command=CaptureSignature(strokes_min=2), timeout_s=20)
    await bench.settle(0.1)
    bench.act("sign", strokes=[[[500, 500]]])
    told = await doing
    payload = told.completion and told.completion.payload
    wanted = isinstance(payload, SignatureCaptured) and payload.ink.strokes >= 2
    bench.expect(wanted, f"a dot is no signature, it waits for one: {told.completion}")


async def refuses_what_it_cannot_do(bench: "SignatureBench") -> None:
    if not bench.seals:
        told = await bench.begin(command=CaptureSignature(encrypted=True))
        bench.expect(told.code is CompletionCode.UNSUPPORTED_COMMAND, f"no encrypted ink, not {told.completion}")
        bench.expect(told.outcome is Outcome.HELD, "and nothing is sent")
    told = await bench.begin(command=ShowScreen(png=b"no picture"))
    wanted = (CompletionCode.INVALID_DATA, CompletionCode.UNSUPPORTED_COMMAND)
    bench.expect(told.code in wanted, f"no picture is shown, not {told.completion}")
    bench.expect(told.outcome is Outcome.HELD, "and nothing is sent")
    bench.told.clear()
    await bench.does_the_next("and it goes on")


async def enciphers_what_it_captures(bench: "SignatureBench") -> None:
    if not bench.seals:
        return
    wish = CaptureSignature(pause_ms=1000, strokes_min=2, encrypted=True)  # who signs before it is ready signs again
    told = await bench.begin(command=wish, timeout_s=60)
    payload = told.completion and told.completion.payload
    wanted = isinstance(payload, SignatureCaptured) and payload.ink.strokes == 2 and payload.ink.tablet.encrypted
    bench.expect(wanted, f"two strokes, enciphered, not {told.completion}")
    bench.told.clear()
    await bench.does_the_next("and in the clear again when nobody asks")
    bench.act("break_seal")
    told = await bench.begin(command=CaptureSignature(encrypted=True), timeout_s=60)
    must(told.outcome is not Outcome.DONE, "without a key there is no enciphered ink")
    bench.expect(told.error is ErrorCode.DEVICE_FAULT, f"and that is said, not {told.completion}")
    bench.told.clear()
    await bench.does_the_next("and it goes on")


async def shows_a_picture(bench: "SignatureBench") -> None:
    screen = bench.profile.section(SignatureTraits).screen
    if screen is None:
        return
    page = Image.new("RGB", (screen.width_px, screen.height_px), "white")
    page.paste("black", (0, 0, screen.width_px // 2, screen.height_px))
    out = io.BytesIO()
    page.save(out, "PNG")
    shown = await bench.device.execute(ShowScreen(png=out.getvalue()), timeout_s=120)
    bench.expect(shown.outcome is Outcome.DONE, f"shown, not {shown}")
    await bench.reconnect()
    seen_last = bench.emulator.output()[-1:]
    if shown.done and isinstance(seen_last[0], Screen):
        with Image.open(io.BytesIO(seen_last[0].png())) as seen:
            left, right = (seen.convert("L").getpixel((x, screen.height_px // 2)) for x in (5, screen.width_px - 5))
        bench.expect((left, right) == (0, 255), f"as it was drawn, not {left}, {right}")
    cleared = await bench.device.execute(ClearScreen(), timeout_s=10)
    bench.expect(cleared.outcome is Outcome.DONE, f"cleared, not {cleared}")
    await bench.reconnect()


async def notices_silence_where_it_can(bench: "SignatureBench") -> None:
    if bench.profile.section(SignatureTraits).dialect == "evdev":
        return
    bench.emulator.hush(True)
    told = await bench.do(timeout_s=60)
    bench.expect(told.outcome is not Outcome.DONE, "a mute pad brings no signature")
    bench.expect(bench.device.status().device is DeviceStatus.OFFLINE, "and is offline")
    bench.emulator.hush(False)
    await bench.does_the_next("and forgiven")


class SignatureBench(Bench):
    """A pad and a customer; each signature begins a little further to the right."""

    PROFILES = ("wacom.stu-430", "generic.pen-digitiser")
    NOISE = b"\xff" * 48
    TALKS_BACK = False
    LEAVES_TRACES = False
    DIES_AFTER_BYTES = (2, 9, 20)
    STORIES = (
        brings_every_sample_with_time_and_pressure,
        takes_no_accident_for_a_signature,
        refuses_what_it_cannot_do,
        enciphers_what_it_captures,
        shows_a_picture,
        notices_silence_where_it_can,
    )
    emulator: SignatureEmulator

    @property
    def seals(self) -> bool:
        return self.profile.section(SignatureTraits).encryption != "none"

    def specimen(self, _n: int) -> Command:
        return CaptureSignature(pause_ms=1000)

    def person(self, n: int) -> None:
        x = 100 + n
        self.act("sign", strokes=[[[x, 300], [x + 200, 500]], [[x + 50, 600], [x + 300, 600]]])

    def times_done(self, n: int) -> int:
        return sum(shown.text == f"signed: 2 strokes from {100 + n},300" for shown in self.emulator.output())
