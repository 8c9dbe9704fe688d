"""A reader's driver on a wire that exists in this process only, telling what it sees: a line an event, its text as a hash.

python -m tests.drivers.real.watching generic.pcsc-contact "pcsc://Virtual PCD 00 00"
"""

import asyncio
import hashlib
import sys

from drivers import registry
from drivers.api import Event
from drivers.confidential import Confidential
from drivers.interfaces.barcode_reader import CodeScanned
from drivers.interfaces.card_reader import CardSeen, MediaRemoved


def digest(secret: Confidential) -> str:
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


def tell(event: Event) -> None:
    match event:
        case CardSeen(card=card):
            print(f"seen {card.pan} {card.expiry} {card.sequence} {card.application} {digest(card.pan)}", flush=True)
        case CodeScanned(code=code):
            print(f"scanned {digest(code.text)}", flush=True)
        case MediaRemoved():
            print("removed", flush=True)


async def main(profile_id: str, address: str) -> None:
    config = registry.DeviceConfig(id="reader-1", profile=profile_id, address=address)
    device = registry.build(config, registry.load_profiles())
    device.subscribe(tell)
    await device.open()
    print("open", flush=True)
    await device.wait_lost()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
