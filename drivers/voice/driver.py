"""The driver of a loudspeaker: speaks one utterance at a time, the most urgent first.

* The stream is handed over a little ahead of the clock, block by block of 20 ms, so that what is being said can still be broken
  off: by a cancel, by the caller's deadline, or by an alarm.
* A loudspeaker says nothing back. Done means that the last sample has been handed over and its time has passed; what was broken
  off is `unknown`, because half a call has been heard. It is never repeated by the driver.
* An utterance that could not begin in time is not begun at all: it is held, and nothing was heard.
* While it speaks, `Speaking` tells whatever else makes sound to be quiet; a background of its own is ducked in the mixer.
"""

import asyncio
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceStatus,
    ErrorCode,
    Noise,
    Proof,
    Status,
)
from drivers.interfaces.voice import SetBackground, SetVolume, Speak, Speaking, Urgency
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial
from drivers.voice import codec
from drivers.voice.clips import ClipStore
from drivers.voice.codec import BLOCK_MS, Mixer, NoClip, TooLong
from drivers.voice.traits import VoiceTraits

FAMILY: Final = "voice"


class Voice(Session):
    """One loudspeaker and everything that is said through it."""

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = traits = profile.section(VoiceTraits)
        self._clips = ClipStore()
        self._mixer = Mixer(traits.duck_db, traits.background_db, traits.volume_percent)
        self._heard_until_s = 0.0
        """The loop time at which everything handed over will have sounded."""

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=("Voice.SetBackground", "Voice.SetVolume", "Voice.Speak"),
            proof=Proof.WRITTEN,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        del link  # a loudspeaker is not asked anything
        self._heard_until_s = 0.0
        self._set_status(Status(device=DeviceStatus.ONLINE))

    def _received(self, data: bytes) -> None:
        self._publish(Noise(data=data))

    def _choose(self) -> Request:
        """The most urgent; among equals the oldest."""
        return max(self._queue, key=_urgency)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case Speak() as command:
                return await self._speak(link, request, command)
            case SetVolume(percent=percent):
                await request.start()
                self._mixer.volume = percent
                return request.succeed(Proof.WRITTEN)
            case SetBackground(clip=clip):
                return await self._set_background(request, clip)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    async def _look_after(self, link: Link) -> None:
        try:
            self._clips.prepare_one()
        except NoClip as error:
            status = Status(device=DeviceStatus.USER_ERROR, error=ErrorCode.CHAR_SET_DATA)
            self._set_status(status)
            self._publish(Noise(data=str(error).encode("utf-8", errors="replace")))
            return
        if self._mixer.background:
            await self._play_background(link)

    # Speaking.

    async def _speak(self, link: Link, request: Request, command: Speak) -> Completion:
        now_s = asyncio.get_running_loop().time()
        if command.begin_within_ms is not None and now_s > request.accepted_s + command.begin_within_ms / 1000:
            return request.complete(CompletionCode.TIME_OUT)
        try:
            spoken = codec.speech(command.words, self._clips, repeat=command.repeat, between_ms=command.between_ms)
        except NoClip as error:
            code = CompletionCode.COMMAND_ERROR_CODE
            return request.complete(code, error=ErrorCode.CHAR_SET_DATA, detail=f"no clip {error}")
        except TooLong:
            return request.complete(CompletionCode.INVALID_DATA, detail=f"longer than {codec.SPEECH_S_MAX} s")
        await request.start()
        self._publish(Speaking(active=True))
        try:
            await self._say(link, request, command.urgency, spoken)
        finally:
            self._publish(Speaking(active=False))
        return request.succeed(Proof.WRITTEN)

    async def _say(self, link: Link, request: Request, urgency: Urgency, spoken: bytes) -> None:
        """Hand it over and wait until it has sounded. Raises `Interrupted`."""
        for block in codec.blocks(spoken):
            await self._hand_over(link, self._mixer.block(block))
            await self._keep_time(link, request, urgency)
        for block in codec.blocks(codec.silence(self._traits.tail_ms)):
            await self._hand_over(link, self._mixer.block(block))
        while asyncio.get_running_loop().time() < self._heard_until_s:
            request.check(asyncio.get_running_loop().time())
            await link.wait(min(self._heard_until_s, request.deadline_s or self._heard_until_s))

    async def _hand_over(self, link: Link, block: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        self._heard_until_s = max(self._heard_until_s, now_s) + BLOCK_MS / 1000
        await link.write(block)

    async def _keep_time(self, link: Link, request: Request, urgency: Urgency) -> None:
        """Wait until the next block is due. Raises `Interrupted`, also where an alarm must be heard now."""
        loop = asyncio.get_running_loop()
        due_s = self._heard_until_s - self._traits.lead_ms / 1000
        while True:
            request.check(loop.time())
            if urgency < Urgency.ALARM and any(_urgency(waiting) is Urgency.ALARM for waiting in self._queue):
                raise Interrupted(CompletionCode.CANCELED)
            if loop.time() >= due_s:
                return
            await link.wait(min(due_s, request.deadline_s or due_s))

    # Background.

    async def _set_background(self, request: Request, clip: str | None) -> Completion:
        try:
            samples = b"" if clip is None else self._clips(clip)
        except NoClip as error:
            code = CompletionCode.COMMAND_ERROR_CODE
            return request.complete(code, error=ErrorCode.CHAR_SET_DATA, detail=f"no clip {error}")
        await request.start()
        self._mixer.set_background(samples)
        return request.succeed(Proof.WRITTEN)

    async def _play_background(self, link: Link) -> None:
        """Until somebody wants to speak."""
        loop = asyncio.get_running_loop()
        while self._mixer.background and not self._queue:
            await self._hand_over(link, self._mixer.block(None))
            due_s = self._heard_until_s - self._traits.lead_ms / 1000
            while not self._queue and loop.time() < due_s:
                await link.wait(due_s)


def _urgency(request: Request) -> Urgency:
    return request.command.urgency if isinstance(request.command, Speak) else Urgency.CALL
