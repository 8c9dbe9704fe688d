"""What every driver must survive, as stories that any family's bench can be put through.

A story is told on a bench: a driver, an emulated device, and a memory wire of one of five tempers between them, in virtual
time. On a wire that carries everything (`whole`, `bytewise`, `delayed`) a story has one ending, which `expect` demands. On
a wire that loses bytes or dies (`lossy`, `unplugged`) only what must hold always is demanded: `must`. After every story the
bench is audited: nothing done twice, nothing called done that is not, nothing called held that happened.

A family derives its own `Bench` in its `stories.py` and says there what a specimen of its commands is, how the emulator shows
that it was done, and which stories of its own there are. The stories of this file are told of every family. Run by
`tests/drivers/test_conformance.py`, where families, models, wires and stories are parameters.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from drivers.api import (
    Acknowledged,
    Command,
    Completion,
    CompletionCode,
    Device,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    Noise,
    Outcome,
    Proof,
    StaleReply,
    Started,
    StatusChanged,
)
from drivers.emulation import Emulator
from drivers.profiles import Profile
from drivers.session import WAITING_MAX
from drivers.transport.memory import Temper

PATIENCE_S: Final = 120.0
"""Virtual seconds in which any command must have completed."""
OPEN_TRIES_MAX: Final = 50
SETTLE_S: Final = 6.0
PERSON_S: Final = 0.3
"""How long a person takes to do what a specimen waits for."""
PERSON_AGAIN_S: Final = 5.0
TICK_S: Final = 0.05


class NonConformance(AssertionError):
    """The driver broke its contract."""


def must(holds: bool, what: str) -> None:  # noqa: FBT001 -- reads as a sentence at the call
    """Demanded on every wire."""
    if not holds:
        raise NonConformance(what)


@dataclass
class Told:
    """One specimen command and all that was heard of it."""

    n: int
    """From 1 on each bench; what makes the specimen recognisable in the emulator."""
    events: list[Event] = field(default_factory=list)
    completion: Completion | None = None

    @property
    def outcome(self) -> Outcome | None:
        return self.completion.outcome if self.completion else None

    @property
    def code(self) -> CompletionCode | None:
        return self.completion.code if self.completion else None

    @property
    def error(self) -> ErrorCode | None:
        return self.completion.error if self.completion else None

    def heard(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in self.events)


Story = Callable[[Any], Awaitable[None]]
"""A family's own story takes that family's bench."""


class Bench(ABC):
    """A family's driver and its emulator on one wire. A family derives from it in its `stories.py`."""

    PROFILES: ClassVar[tuple[str, ...]]
    """The models that are put through; as many as behave differently."""
    STORIES: ClassVar[tuple[Story, ...]] = ()
    """What is told of this family beyond the stories of every family."""
    NOISE: ClassVar[bytes] = b"\xff\xfe\x80garbage\x81"
    """Bytes that no message of the protocol explains; empty where a protocol calls nothing noise."""
    LATE: ClassVar[tuple[bytes, ...]] = ()
    """Well-formed answers to questions that nobody has asked."""
    DIES_AFTER_BYTES: ClassVar[tuple[int, int, int]] = (3, 20, 60)
    """Where the unplugged wire dies, in bytes sent to the device: in the greeting, between, in the specimen."""
    LOSS: ClassVar[float] = 0.05
    """How many of the device's bytes the lossy wire loses. Of long messages none would get through at this rate: a family that
    has them says less."""
    TALKS_BACK: ClassVar[bool] = True
    """False for a device on a wire without a way back: it proves nothing and its silence cannot be noticed."""
    LEAVES_TRACES: ClassVar[bool] = True
    """False where the specimen only asks: then a loss in the middle leaves nothing in doubt, and asking twice is no harm."""

    def __init__(self, device: Device, emulator: Emulator, profile: Profile, temper: Temper) -> None:
        self.device = device
        self.emulator: Any = emulator
        """Of the family's own type; a family's bench annotates it."""
        self.profile = profile
        self.temper = temper
        self.unsolicited: list[Event] = []
        self.told: list[Told] = []
        self.losses = 0
        self._stalled = False

    # What a family says.

    @abstractmethod
    def specimen(self, n: int) -> Command:
        """A command that can be recognised in the emulator as the n-th."""

    @abstractmethod
    def times_done(self, n: int) -> int:
        """How often the emulator shows the n-th specimen wholly done."""

    def times_begun(self, n: int) -> int:
        """How often it shows the n-th specimen at all, whole or not."""
        return self.times_done(n)

    def person(self, n: int) -> None:  # noqa: B027 -- most commands need nobody
        """What a person does for the n-th specimen to end, once it has started: swipe a card, press a key."""

    def stall(self) -> None:
        """From now on a specimen stops in the middle: the person does nothing, the device does not answer.

        A device that can be stopped in the middle otherwise, by opening its cover, does that.
        """
        self._stalled = True

    def go_on(self) -> None:
        """What was stalled goes on."""
        if self._stalled:
            self._stalled = False
            self.emulator.hush(False)

    # What stories use.

    @property
    def talks_back(self) -> bool:
        """Whether this model says anything; a family whose models differ in that says so here."""
        return self.TALKS_BACK

    @property
    def reliable(self) -> bool:
        return self.temper not in (Temper.LOSSY, Temper.UNPLUGGED)

    def expect(self, holds: bool, what: str) -> None:  # noqa: FBT001 -- reads as a sentence at the call
        """Demanded on a wire that carries everything."""
        must(holds or not self.reliable, what)

    def act(self, action: str, **parameters: object) -> None:
        self.emulator.act(action, parameters)

    async def connect(self) -> None:
        """Open the device, as often as it takes: the supervisor's part."""
        for _ in range(OPEN_TRIES_MAX):
            try:
                await self.device.open()
            except DeviceError as error:
                self.expect(holds=False, what=f"a sound wire opens at the first try, not {error}")
                await asyncio.sleep(1)
            else:
                return
        raise NonConformance(f"not open after {OPEN_TRIES_MAX} tries")

    async def reconnect(self) -> None:
        if self.device.status().device is DeviceStatus.OFFLINE:
            self.losses += 1
            await self.connect()

    def begin(self, *, timeout_s: float | None = None, command: Command | None = None) -> "asyncio.Task[Told]":
        """Give the next specimen, or a command in its place."""
        told = Told(len(self.told) + 1)
        self.told.append(told)
        wish = command or self.specimen(told.n)

        async def hear(event: Event) -> None:
            told.events.append(event)
            if isinstance(event, Started):
                if self._stalled:
                    self.emulator.hush(True)
                asyncio.get_running_loop().call_later(PERSON_S, self._person_comes, told)

        async def run() -> Told:
            execution = self.device.execute(wish, timeout_s=timeout_s, on_event=hear)
            told.completion = await asyncio.wait_for(execution, PATIENCE_S)
            return told

        return asyncio.create_task(run())

    async def do(self, *, timeout_s: float | None = None) -> Told:
        return await self.begin(timeout_s=timeout_s)

    async def does_the_next(self, why: str) -> None:
        """After trouble, once it is connected again, the next specimen is done."""
        await self.reconnect()
        told = await self.do()
        self.expect(told.outcome is Outcome.DONE, f"{why}, not {told.completion}")
        await self.reconnect()

    async def settle(self, seconds: float = SETTLE_S) -> None:
        await asyncio.sleep(seconds)

    async def middle(self) -> None:
        """Wait until the first specimen under way has started, or has ended without."""
        for _ in range(int(PATIENCE_S / TICK_S)):
            if any(told.heard(Started) or told.completion for told in self.told[-WAITING_MAX - 1 :]):
                break
            await asyncio.sleep(TICK_S)
        await asyncio.sleep(PERSON_S)

    def _person_comes(self, told: Told) -> None:
        """Whoever sees nothing come of it does it again."""
        if told.completion is None:
            if not self._stalled:
                self.person(told.n)
            asyncio.get_running_loop().call_later(PERSON_AGAIN_S, self._person_comes, told)


class AlikeBench(Bench):
    """Of a command that leaves the same mark each time, a pulse or a kick: they are counted."""

    def times_done(self, n: int) -> int:
        """As many whole ones as there are told done, this one among them."""
        done = sum(told.outcome is Outcome.DONE for told in self.told[:n])
        return int(sum(mark.complete for mark in self.emulator.output()) >= done)

    def times_begun(self, n: int) -> int:
        """Marks beyond those of commands that were not held belong to one that was."""
        if any(told.n == n and told.outcome is not Outcome.HELD for told in self.told):
            return self.times_done(n)
        others = sum(told.outcome is not Outcome.HELD for told in self.told)
        return int(len(self.emulator.output()) > others)


async def opens_and_closes(bench: Bench) -> None:
    bench.expect(bench.device.status().device is DeviceStatus.ONLINE, "what was opened is online")
    bench.expect(bench.device.capabilities().family == bench.profile.family, "it says what family it is of")
    await bench.device.close()
    bench.expect(bench.device.status().device is DeviceStatus.OFFLINE, "what was closed is offline")
    told = await bench.do()
    must(told.outcome is Outcome.HELD, "what is closed does nothing")
    await bench.connect()
    await bench.does_the_next("opened again it works")


async def does_what_it_is_told(bench: Bench) -> None:
    for _ in range(3):
        told = await bench.do()
        bench.expect(told.outcome is Outcome.DONE, f"a sound device does it, not {told.completion}")
        bench.expect(told.completion is not None and told.completion.proof is not None, "done comes with a proof")
        kinds = [type(event) for event in told.events]
        bench.expect(kinds[:2] == [Acknowledged, Started], f"acknowledged, then started, not {kinds}")
        await bench.reconnect()


async def sends_nothing_the_caller_could_not_commit(bench: Bench) -> None:
    async def fail(event: Event) -> None:
        if isinstance(event, Started):
            raise OSError("disk full")

    n = len(bench.told) + 1
    try:
        await asyncio.wait_for(bench.device.execute(bench.specimen(n), on_event=fail), PATIENCE_S)
    except OSError:
        must(bench.times_begun(n) == 0, "nothing leaves before the caller has committed")
    else:
        bench.expect(holds=False, what="the caller's failure is the caller's")
    await bench.does_the_next("and it is free for the next")


async def holds_what_it_cannot_begin(bench: Bench) -> None:
    bench.act("unplug")
    await bench.settle(1)
    told = await bench.do()
    must(told.outcome is Outcome.HELD and not told.heard(Started), "what is not there is given nothing")
    must(bench.device.status().device is DeviceStatus.OFFLINE, "and is offline")
    bench.act("plug")
    await bench.does_the_next("plugged in again it works")


async def doubts_when_unplugged(bench: Bench) -> None:
    bench.stall()
    doing = bench.begin()
    await bench.middle()
    bench.act("unplug")
    told = await doing
    if bench.talks_back:
        bench.expect(told.outcome is not Outcome.DONE, "what was cut off is not done")
        if bench.LEAVES_TRACES:
            bench.expect(told.outcome is Outcome.UNKNOWN, f"what was cut off is in doubt, not {told.completion}")
    bench.act("plug")
    bench.go_on()
    await bench.settle()
    await bench.does_the_next("plugged in again it works")


async def survives_a_power_cut(bench: Bench) -> None:
    bench.act("power_cycle")
    await bench.settle()
    await bench.does_the_next("after a power cut it works")


async def gives_up_in_time(bench: Bench) -> None:
    bench.stall()
    told = await bench.do(timeout_s=7.0)
    if bench.talks_back:
        bench.expect(told.outcome is not Outcome.DONE, "what was never answered is not done")
        bench.expect(told.code is not CompletionCode.SUCCESS, "nor a success")
    bench.go_on()
    await bench.settle(10)
    await bench.does_the_next("the next one is done")


async def ends_when_cancelled(bench: Bench) -> None:
    bench.stall()
    doing = bench.begin()
    await bench.middle()
    bench.device.cancel()
    told = await doing
    if bench.talks_back:
        ends = (CompletionCode.CANCELED, CompletionCode.DEVICE_NOT_READY)
        bench.expect(told.code in ends, f"cancelled, or lost before; not {told.completion}")
    bench.go_on()
    await bench.settle(10)
    await bench.does_the_next("the next one is done")


async def cancels_what_waits(bench: Bench) -> None:
    bench.stall()
    first, second = bench.begin(), bench.begin()
    await bench.middle()
    for event in bench.told[1].events:
        if isinstance(event, Acknowledged):
            bench.device.cancel(event.request_id)
    told = await second
    if bench.talks_back:
        bench.expect(told.code is CompletionCode.CANCELED, f"it is cancelled, not {told.completion}")
    must(told.outcome is Outcome.HELD or told.heard(Started), "what waited was never begun")
    bench.go_on()
    await first


async def bounds_its_queue(bench: Bench) -> None:
    if not bench.talks_back:
        return
    bench.stall()
    doing = [bench.begin() for _ in range(WAITING_MAX + 1)]
    await bench.middle()
    refused = [told for told in bench.told if told.error is ErrorCode.TOO_MANY_REQUESTS]
    bench.expect(len(refused) == 1, f"{WAITING_MAX} may wait, one more is refused, not {len(refused)}")
    must(all(told.outcome is Outcome.HELD for told in refused), "what is refused is held")
    bench.device.cancel()
    await asyncio.gather(*doing)
    bench.go_on()
    await bench.settle(10)
    await bench.does_the_next("the queue is free again")


async def keeps_its_claim(bench: Bench) -> None:
    claim = bench.device.claim("counter 2")
    told = await bench.do()
    must(told.outcome is Outcome.HELD, "nobody gets past a claim")
    try:
        bench.device.claim("kiosk")
    except DeviceError as error:
        must(error.code is ErrorCode.CLAIMED, "a second claim is refused as such")
    else:
        raise NonConformance("a second claim was granted")
    claim.release()
    await bench.does_the_next("released, it works for everybody")


async def tells_noise(bench: Bench) -> None:
    if not bench.NOISE:
        return
    bench.emulator.say(bench.NOISE)
    await bench.settle()
    await bench.reconnect()
    bench.expect(any(isinstance(event, Noise) for event in bench.unsolicited), "noise is told, not swallowed")
    await bench.does_the_next("and does no harm")


async def tells_late_answers(bench: Bench) -> None:
    if not bench.LATE:
        return
    before = bench.device.status()
    for late in bench.LATE:
        bench.emulator.say(late)
    await bench.settle(0.5)
    bench.expect(bench.device.status() == before, "an answer that nobody asked for changes nothing")
    stale = b"".join(event.data for event in bench.unsolicited if isinstance(event, StaleReply))
    bench.expect(bool(stale), "late answers are told")
    await bench.does_the_next("and do no harm")


async def notices_silence(bench: Bench) -> None:
    if not bench.talks_back:
        return
    bench.emulator.hush(True)
    told = await bench.do(timeout_s=PATIENCE_S / 2)
    must(told.outcome is not Outcome.DONE, "a mute device proves nothing")
    await bench.settle(PATIENCE_S / 2)
    bench.expect(bench.device.status().device is DeviceStatus.OFFLINE, "silence is noticed")
    bench.emulator.hush(False)
    await bench.does_the_next("and forgiven")


async def tells_its_subscribers(bench: Bench) -> None:
    heard: list[Event] = []
    leave = bench.device.subscribe(heard.append)
    bench.act("unplug")
    await bench.settle()
    told = [event.status.device for event in heard if isinstance(event, StatusChanged)]
    bench.expect(told[-1:] == [DeviceStatus.OFFLINE], "going away is told")
    leave()
    bench.act("plug")
    await bench.reconnect()
    before = len(heard)
    await bench.settle()
    must(len(heard) == before, "whoever has left hears no more")


async def keeps_a_trace(bench: Bench) -> None:
    await bench.does_the_next("a sound device does it")
    frames = bench.device.trace.after(0)
    must(bool(frames), "what goes over the wire is traced")
    must([frame.n for frame in frames] == list(range(frames[0].n, frames[0].n + len(frames))), "in order, without gaps")
    must(bench.device.trace.content or all(frame.data is None for frame in frames), "what may be personal is not kept")
    must(bench.device.counts.commands == len(bench.told), "every command counts")
    must(bench.device.counts.connections == 1 + bench.losses, "and every connection")


def audit(bench: Bench) -> None:
    """What must hold after every story on every wire."""
    for told in bench.told:
        must(told.completion is not None, f"{told.n}: every command completes")
        begun = bench.times_begun(told.n)
        if bench.LEAVES_TRACES:
            must(begun <= 1, f"{told.n}: done {begun} times")
            must(begun == 0 or told.outcome is not Outcome.HELD, f"{told.n}: held, yet something happened")
        if told.outcome is Outcome.DONE:
            must(told.completion is not None and told.completion.proof is not None, f"{told.n}: done without a proof")
            certain = told.completion is not None and told.completion.proof is not Proof.WRITTEN
            must(bench.times_done(told.n) > 0 or not certain, f"{told.n}: called done, and is not")
        if told.outcome is not Outcome.HELD:
            must(told.heard(Started), f"{told.n}: bytes left before 'started' was told")


STORIES: Final[tuple[Story, ...]] = (
    opens_and_closes,
    does_what_it_is_told,
    sends_nothing_the_caller_could_not_commit,
    holds_what_it_cannot_begin,
    doubts_when_unplugged,
    survives_a_power_cut,
    gives_up_in_time,
    ends_when_cancelled,
    cancels_what_waits,
    bounds_its_queue,
    keeps_its_claim,
    tells_noise,
    tells_late_answers,
    notices_silence,
    tells_its_subscribers,
    keeps_a_trace,
)
"""Of every family."""


async def run(story: Story, bench: Bench) -> None:
    """Connect, tell the story, audit, hang up. Raises `NonConformance`."""
    bench.device.subscribe(bench.unsolicited.append)
    await bench.connect()
    try:
        await asyncio.wait_for(story(bench), 100 * PATIENCE_S)
        await bench.settle()
        audit(bench)
    finally:
        await bench.device.close()
