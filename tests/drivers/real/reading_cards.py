"""The chip card driver on a card service, telling what it sees: a line an event, numbers masked, whole ones as their hash.

python -m tests.drivers.real.reading_cards generic.pcsc-contact "pcsc://Virtual PCD 00 00"
"""

import asyncio
import hashlib
import sys

from drivers import registry
from drivers.api import Event
from drivers.interfaces.card_reader import CardSeen, MediaRemoved


def tell(event: Event) -> None:
    match event:
        case CardSeen(card=card):
            digest = hashlib.sha256(card.pan.reveal().encode()).hexdigest()
            print(f"seen {card.pan} {card.expiry} {card.sequence} {card.application} {digest}", flush=True)
        case MediaRemoved():
            print("removed", flush=True)


async def main(profile_id: str, address: str) -> None:
    config = registry.DeviceConfig(id="card-1", profile=profile_id, address=address)
    device = registry.build(config, registry.load_profiles())
    device.subscribe(tell)
    await device.open()
    print("open", flush=True)
    await device.wait_lost()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
