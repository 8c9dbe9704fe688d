"""A card that a kiosk's motorised reader has drawn in is given back at once: it was read, or it never will be.

Nothing at a kiosk needs the card after its number has become a hash. Several cards may wait for their reader's motor; a jam is
the reader's own trouble and shows as such. Readers that stand at no kiosk are their users' business.
"""

import asyncio
from typing import Final

from drivers.api import Event
from drivers.envelope import name_of
from drivers.interfaces.card_reader import CardSeen, InvalidMedia, Move, Side
from drivers.supervisor import UnknownDevice
from edge.devices.floor import Floor
from edge.org.place import Place

WAITING_MAX: Final = 64
GIVE_BACK_S: Final = 30.0
GIVE_BACK: Final = Move(to=Side.EXIT)


class CardReturn:
    """Hears the readers, and has cards given back."""

    def __init__(self, floor: Floor, place: Place) -> None:
        self._floor = floor
        self._place = place
        self._waiting: asyncio.Queue[str] = asyncio.Queue(WAITING_MAX)

    def heard(self, device: str, event: Event) -> None:
        """A device told of itself."""
        read = isinstance(event, CardSeen | InvalidMedia)
        if read and self._place.kiosk_of(device) is not None and self._draws_in(device) and not self._waiting.full():
            self._waiting.put_nowait(device)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._give_back(await self._waiting.get()))

    def _draws_in(self, device: str) -> bool:
        try:
            return name_of(GIVE_BACK) in self._floor.device(device).capabilities().commands
        except UnknownDevice:
            return False

    async def _give_back(self, device: str) -> None:
        try:
            await self._floor.device(device).execute(GIVE_BACK, timeout_s=GIVE_BACK_S)
        except UnknownDevice:
            return  # it was taken out of the configuration meanwhile
