"""The ESC/POS driver: proves that a slip is out, and never prints it twice.

How a print goes:

1. **Look first.** The four real-time questions are asked. Cover, paper or an error: the print is held, nothing was sent.
2. **Say so first.** `Started` is reported and awaited; the caller commits "sending". Then the first byte leaves.
3. **Send** body and cut, behind it the process id request (`GS ( H`) where the model knows it, and an ordered question
   (`GS r`), the fence.
4. **Wait for the printer's word.** Its process id means printed. Without process ids, the answered fence and no complaint
   mean printed, weakly.
5. **Trouble in the middle** (paper, cover, jam): the printer keeps the rest and goes on by itself when it is put right. The
   driver reports `Held` and `Resumed` and waits. It sends nothing again, ever.
6. **A printer that answers nothing** (`status = "port"`) is known by the lines of its USB port. It must take every byte, and
   then have no complaint for as long as a slip takes. That is no proof, and is called `written`.
7. **A lost wire, or a printer that has forgotten the job** (it answers the fence but never the id): unknown. Nobody can
   know, and the caller marks the copy.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from drivers.api import (
    Capabilities,
    Command,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Held,
    Outcome,
    PaperStatus,
    Proof,
    Resumed,
    names_of,
)
from drivers.escpos_printer import codec
from drivers.escpos_printer.condition import Condition, Trouble
from drivers.escpos_printer.conversation import Conversation
from drivers.escpos_printer.drawer import Drawer
from drivers.escpos_printer.form import FormEncoder
from drivers.escpos_printer.specimen import specimen
from drivers.escpos_printer.traits import PrinterTraits
from drivers.interfaces.cash_drawer import OpenDrawer
from drivers.interfaces.printer import (
    PROCESS_IDS,
    ClearBuffer,
    ControlMedia,
    Cut,
    GiveUp,
    PaperThreshold,
    PrintForm,
    PrintRaw,
    Reset,
    TestPrint,
)
from drivers.lettering import Dots, FontMissing, Lettering
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "escpos_printer"
_RECOVER_S: Final = 5.0
"""A blocked mechanism is asked this often to try again."""

_PORT_LOOK_S: Final = 0.5
"""The lines of a port are looked at this often while a slip comes out."""
_LOW_SETTLES_S: Final = 30.0
"""The near-end sensor flutters with every turn of a roll that is nearly used up. It has to be content for so long before the
paper is called full again; or somebody has opened the cover."""

_Printing = PrintForm | PrintRaw | TestPrint


@dataclass
class _Vigil:
    """The waiting for one job's proof."""

    fence: int
    """How many fences must have been answered before ours has."""
    asked_s: float
    """When the last fence was sent."""
    tries: int = 1
    answered_s: float | None = None
    """Since when a fence has been answered and the printer has been ready."""
    held: ErrorCode | None = None


class EscposPrinter(Session):
    """One printer. `dial` connects to it, `lettering` draws what it has no characters for."""

    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial, lettering: Lettering | None = None) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(PrinterTraits)
        self._proof_s = timing.proof_ms / 1000
        self._lettering = lettering or Lettering()
        self._drawer = Drawer(self._traits.drawer, self._publish) if self._traits.drawer is not None else None
        self._form = FormEncoder(self._traits, self._draw)
        self._talk: Conversation
        self._described: dict[codec.Text, str] = {}
        self._torn = False
        """A job was cut off in the middle of its bytes: the printer may still hold a part of it."""
        self._recovered_s = 0.0
        self._low_s: float | None = None
        """When the near-end sensor last saw the end."""

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self._described.get(codec.Text.MODEL, self.profile.model),
            serial_number=self._described.get(codec.Text.SERIAL_NUMBER),
            firmware=self._described.get(codec.Text.FIRMWARE),
            commands=names_of(*self._commands()),
            proof=self._best_proof,
            verified=self.profile.provenance.verified,
        )

    @property
    def _best_proof(self) -> Proof:
        if not self._traits.answers:
            return Proof.WRITTEN
        return Proof.PROCESS_ID if self._traits.process_id else Proof.ORDERED_STATUS

    def _commands(self) -> tuple[type[Command], ...]:
        clear = (ClearBuffer,) if self._traits.buffer_clear else ()
        kick = (OpenDrawer,) if self._drawer is not None else ()
        return (PrintForm, PrintRaw, TestPrint, ControlMedia, Reset, *clear, *kick)

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        if self._drawer is not None:
            self._drawer.forget()
        self._talk = Conversation(link, self.profile.timing, publish=self._publish, learnt=self._believe)
        self._described = self._talk.described
        await self._look(link)
        if self._torn and self._traits.buffer_clear and await self._talk.clear():
            self._torn = False
        if self._traits.status == "asb":
            await link.write(codec.ASB_ON)
        if self._traits.identify:
            await self._talk.introduce()

    async def _look_after(self, link: Link) -> None:
        self._talk.tidy()
        await self._look(link)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case PrintForm() | PrintRaw() | TestPrint() as command:
                return await self._print(link, request, command)
            case ControlMedia() as command:
                return await self._control_media(link, request, command)
            case Reset():
                return await self._reset(link, request)
            case ClearBuffer() if self._traits.buffer_clear:
                done = await self._talk.clear()
                return _settled(request, done=done)
            case OpenDrawer() if self._drawer is not None:
                return await self._open_drawer(link, request, self._drawer)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    def _received(self, data: bytes) -> None:
        self._talk.received(data)

    def _believe(self, condition: Condition) -> None:
        """A new picture of the printer. Paper that was not known before is no news."""
        before, after = self._status.paper, self._paper(condition)
        self._set_status(msgspec.structs.replace(condition.status(), paper=after))
        if self._drawer is not None:
            self._drawer.believe(condition)
        if before not in (after, None, PaperStatus.UNKNOWN):
            self._publish(PaperThreshold(paper=after))

    def _paper(self, condition: Condition) -> PaperStatus:
        """What to say of the paper: near its end it is low until a new roll is in, however the sensor flutters."""
        now_s = asyncio.get_running_loop().time()
        if condition.paper is PaperStatus.LOW:
            self._low_s = now_s
        elif condition.paper is not PaperStatus.FULL or Trouble.COVER_OPEN in condition.troubles:
            self._low_s = None
        elif self._low_s is not None and now_s < self._low_s + _LOW_SETTLES_S:
            return PaperStatus.LOW
        return condition.paper

    async def _look(self, link: Link) -> None:
        """Ask for the status, and a blocked mechanism to try again. Raises `DeviceError(noAnswer)`."""
        if not self._traits.answers:
            await self._talk.look_at_port()
            return
        await self._talk.look()
        now_s = asyncio.get_running_loop().time()
        if self._talk.condition.recoverable and now_s >= self._recovered_s + _RECOVER_S:
            self._recovered_s = now_s
            await link.write(codec.RESUME)

    # Printing.

    async def _print(self, link: Link, request: Request, command: _Printing) -> Completion:
        try:
            body = self._body(command)
        except FontMissing as error:
            code = CompletionCode.COMMAND_ERROR_CODE
            return request.complete(code, error=ErrorCode.CHAR_SET_DATA, detail=str(error))
        if (held := await self._preflight(link, request)) is not None:
            return held
        await request.start()
        self._talk.await_job(command.process_id)
        try:
            await self._send(link, request, body + self._behind(command.process_id))
            return await (self._await_proof(link, request) if self._traits.answers else self._wait_out(link, request))
        except Interrupted as stop:
            return await self._give_up(link, request, command, stop.code)
        except DeviceError:
            if self._talk.proven:  # its last word before the wire went
                return _settled(request, done=True, proof=Proof.PROCESS_ID)
            raise
        finally:
            self._talk.await_job(None)

    def _body(self, command: _Printing) -> bytes:
        match command:
            case PrintForm(document=document, mark=mark):
                return self._form.encode(document, mark)
            case TestPrint():
                return self._form.encode(specimen(self.profile))
            case PrintRaw(data=data):
                return data

    def _behind(self, process_id: str) -> bytes:
        if not self._traits.answers:
            return b""
        identified = codec.request_process_id(process_id) if self._traits.process_id else b""
        return identified + codec.ORDERED_STATUS

    async def _preflight(self, link: Link, request: Request) -> Completion | None:
        """The completion of a command that had better not begin, or None."""
        await self._look(link)
        if self._talk.condition.blocked is not None:
            return _refused(request, self._talk.condition)
        if not self._traits.process_id and self._traits.answers:
            await self._talk.come_in_step(self._proof_s)
        request.check(asyncio.get_running_loop().time())
        return None

    async def _send(self, link: Link, request: Request, data: bytes) -> None:
        """Hand the job to the wire. A printer that stands still may not take it all; that must not block a cancel."""
        loop = asyncio.get_running_loop()
        self._torn = True
        self._talk.fences_asked += 1
        writing = asyncio.ensure_future(link.write(data))
        writing.add_done_callback(lambda _: link.news.set())
        vigil = _Vigil(fence=self._talk.fences_asked, asked_s=loop.time())
        try:
            while not writing.done():
                request.check(loop.time())
                await self._tell_hold(request, vigil)
                await self._wait_while_writing(link, request)
            await writing
        finally:
            writing.cancel()
            await asyncio.wait([writing])
        self._torn = False

    async def _wait_while_writing(self, link: Link, request: Request) -> None:
        """The lines of a port can be looked at beside the bytes; questions would wait behind them."""
        if self._traits.answers:
            await link.wait(request.deadline_s)
        else:
            await self._look(link)
            await link.wait(asyncio.get_running_loop().time() + _PORT_LOOK_S)

    async def _wait_out(self, link: Link, request: Request) -> Completion:
        """A printer that answers nothing has taken it all; its port may have a complaint while the slip comes out."""
        loop, print_out_s = asyncio.get_running_loop(), self._traits.print_out_ms / 1000
        vigil, until_s = _Vigil(fence=0, asked_s=loop.time()), loop.time() + print_out_s
        while loop.time() < until_s:
            request.check(loop.time())
            await self._look(link)
            await self._tell_hold(request, vigil)
            if vigil.held is not None:
                until_s = loop.time() + print_out_s
            await link.wait(loop.time() + _PORT_LOOK_S)
        return _settled(request, done=True, proof=Proof.WRITTEN)

    async def _await_proof(self, link: Link, request: Request) -> Completion:
        loop = asyncio.get_running_loop()
        vigil = _Vigil(fence=self._talk.fences_asked, asked_s=loop.time())
        look_s = loop.time() + self._poll_s
        while (proof := self._proof(vigil)) is None:
            request.check(loop.time())
            await self._tell_hold(request, vigil)
            if self._lost_job(vigil, loop.time()):
                raise DeviceError(ErrorCode.BUFFER_LOST, "it was restarted, or a byte was lost")
            if loop.time() >= look_s:
                await self._look(link)
                await self._fence_again(vigil)
                look_s = loop.time() + self._poll_s
                continue  # the answers may have brought the proof along
            await link.wait(min(look_s, request.deadline_s or look_s))
        if vigil.held is not None:  # the proof came along with the news that it goes on
            await request.report(Resumed(request_id=request.id))
        if proof is Proof.ORDERED_STATUS and (doubt := await self._complaint(link, request)) is not None:
            return doubt
        return _settled(request, done=True, proof=proof)

    def _proof(self, vigil: _Vigil) -> Proof | None:
        if self._talk.proven:
            return Proof.PROCESS_ID
        if not self._traits.process_id and self._talk.fences_answered >= vigil.fence + vigil.tries - 1:
            return Proof.ORDERED_STATUS
        return None

    async def _complaint(self, link: Link, request: Request) -> Completion | None:
        """A weak proof holds only if the printer is still content."""
        await self._look(link)
        if self._talk.condition.blocked is None:
            return None
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=self._talk.condition.blocked)

    async def _tell_hold(self, request: Request, vigil: _Vigil) -> None:
        blocked = self._talk.condition.blocked
        if blocked != vigil.held:
            vigil.held = blocked
            event = Resumed(request_id=request.id) if blocked is None else Held(request_id=request.id, error=blocked)
            await request.report(event)

    def _lost_job(self, vigil: _Vigil, now_s: float) -> bool:
        """It is ready, has answered a later question, and still does not name the job."""
        answered = self._talk.fences_answered >= vigil.fence
        if self._talk.condition.blocked is not None or not answered:
            vigil.answered_s = None
            return False
        vigil.answered_s = vigil.answered_s or now_s
        return now_s >= vigil.answered_s + self._proof_s

    async def _fence_again(self, vigil: _Vigil) -> None:
        """A ready printer that keeps silent is asked again: an answer shows that it has forgotten the first."""
        now_s = asyncio.get_running_loop().time()
        if self._talk.condition.blocked is None and now_s >= vigil.asked_s + self._proof_s:
            vigil.asked_s, vigil.tries = now_s, vigil.tries + 1
            await self._talk.fence()

    async def _give_up(self, link: Link, request: Request, command: _Printing, code: CompletionCode) -> Completion:
        """Cancelled or timed out after the first byte."""
        cleared = command.give_up is GiveUp.CLEAR and self._traits.buffer_clear and await self._talk.clear()
        if self._talk.proven:
            return _settled(request, done=True, proof=Proof.PROCESS_ID)
        if cleared:
            self._torn = False
            return request.complete(code, outcome=Outcome.CLEARED)
        if self._torn:
            link.end(DeviceError(ErrorCode.CONNECTION_LOST, "a job was cut off in the middle of its bytes"))
        return request.complete(code, error=self._talk.condition.blocked)

    # Other commands.

    async def _control_media(self, link: Link, request: Request, command: ControlMedia) -> Completion:
        if (held := await self._preflight(link, request)) is not None:
            return held
        request.started = True
        if command.cut is not Cut.NONE:
            await link.write(codec.cut(full=command.cut is Cut.FULL, feed_dots=self._traits.feed_to_cut_dots))
        if not command.flush:
            return _settled(request, done=True)
        if not self._traits.answers:
            return await self._wait_out(link, request)
        if not await self._talk.passed(self._proof_s, request.check):
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.FLUSH_FAIL)
        return _settled(request, done=True, proof=Proof.ORDERED_STATUS)

    async def _open_drawer(self, link: Link, request: Request, drawer: Drawer) -> Completion:
        if (held := await self._preflight(link, request)) is not None:
            return held
        await self._talk.come_in_step(self._proof_s)
        return await drawer.open(link, self._talk, request, partial(self._look, link), self._proof_s)

    async def _reset(self, link: Link, request: Request) -> Completion:
        await link.write(codec.RECOVER_CLEARED)
        if self._traits.buffer_clear and not await self._talk.clear():
            return _settled(request, done=False)
        await link.write(codec.INITIALISE)
        await self._look(link)
        if self._talk.condition.blocked is not None:
            return _refused(request, self._talk.condition)
        return _settled(request, done=True)

    def _draw(self, text: str, height_dots: int, bold: bool) -> Dots:  # noqa: FBT001 -- the shape of `form.Draw`
        return self._lettering.draw(text, height_dots=height_dots, bold=bold)


def trial_print() -> TestPrint:
    """What a technician has it do. Its process id is the ring's last, far from those of slips just printed."""
    return TestPrint(process_id=f"{PROCESS_IDS}")


def _refused(request: Request, condition: Condition) -> Completion:
    broken = condition.status().device is DeviceStatus.HARDWARE_ERROR
    code = CompletionCode.HARDWARE_ERROR if broken else CompletionCode.COMMAND_ERROR_CODE
    return request.complete(code, error=condition.blocked)


def _settled(request: Request, *, done: bool, proof: Proof | None = None) -> Completion:
    if not done:
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.FLUSH_FAIL)
    return Completion(request_id=request.id, code=CompletionCode.SUCCESS, outcome=Outcome.DONE, proof=proof)
