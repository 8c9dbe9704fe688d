"""Discovery on standard output: a line of JSON for whatever appears or vanishes.

python -m tests.drivers.real.discovering
"""

import asyncio
import json

from drivers.discovery import Discovery
from drivers.transport.udev import Place


def say(what: str, place: Place) -> None:
    print(json.dumps([what, place.address, place.usb, place.serial]), flush=True)


async def main() -> None:
    discovery = Discovery(appeared=lambda place: say("appeared", place), vanished=lambda place: say("vanished", place))
    await discovery.run()


if __name__ == "__main__":
    asyncio.run(main())
