"""Virtual time and a hostile network. Everything random comes from one seed; a seed is a whole history."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is. Chances are per message."""

    lose: float = 0.0
    """Request or answer vanishes."""
    repeat: float = 0.0
    """The request arrives twice, the second time much later."""
    dawdle: float = 0.0
    """It arrives after the sender has given up."""
    corrupt: float = 0.0
    """A byte of it is changed."""


CLEAR = Weather()
STORM = Weather(lose=0.25, repeat=0.15, dawdle=0.1, corrupt=0.02)
TIMEOUT_S = 60.0


class Clock:
    """A queue of things to come; time is the time of the thing that happens."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay_s: float, happen: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._coming, (self.now_s + delay_s, self._count, happen))

    def run(self, until_s: float) -> None:
        """Let everything up to `until_s` happen."""
        while self._coming and self._coming[0][0] <= until_s:
            self.now_s, _, happen = heapq.heappop(self._coming)
            happen()
        self.now_s = max(self.now_s, until_s)


class Network:
    """Carries requests to a server and answers back: late, twice, out of order, damaged, or never."""

    def __init__(self, clock: Clock, chance: random.Random, server: Callable[[bytes], bytes | None]) -> None:
        self.weather = CLEAR
        self.requests = 0
        self._clock = clock
        self._chance = chance
        self._server = server

    def ask(self, request: bytes, answered: Callable[[bytes], None]) -> None:
        self.requests += 1
        weather, chance = self.weather, self._chance
        if chance.random() < weather.corrupt:
            request = self._damaged(request)
        if chance.random() < weather.repeat:
            self._clock.after(chance.uniform(0.0, 4 * TIMEOUT_S), lambda: self._deliver(request, None))
        if chance.random() < weather.lose:
            return
        late = chance.random() < weather.dawdle
        self._clock.after(
            chance.uniform(TIMEOUT_S, 4 * TIMEOUT_S) if late else chance.uniform(0.01, 2.0),
            lambda: self._deliver(request, answered),
        )

    def _deliver(self, request: bytes, answered: Callable[[bytes], None] | None) -> None:
        answer = self._server(request)
        if answer is not None and answered is not None and self._chance.random() >= self.weather.lose:
            self._clock.after(self._chance.uniform(0.01, 2.0), lambda: answered(answer))

    def _damaged(self, request: bytes) -> bytes:
        where = self._chance.randrange(len(request))
        changed = bytes([request[where] ^ (1 << self._chance.randrange(8))])
        return request[:where] + changed + request[where + 1 :]
