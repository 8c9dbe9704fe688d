"""What people do at each surface, by the words they read. A test says what somebody wants; this says where it is."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.e2e.house import House, phone_address
from tests.e2e.screens import BENCH, DESK, EARS, HALL, KIOSK, MOMENTS, PHONE, WAIT_MS, Screens, Size

PASSWORD = "branchbox"


class Kiosk:
    """The machine at the entrance."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.number = page.locator(".slip .number")
        self.word = page.locator(".word")

    @classmethod
    async def enter(cls, screens: Screens, house: House, size: Size = KIOSK) -> "Kiosk":
        token = (await house.sandbox())["kiosk_token"]
        kiosk = cls(await screens.open(f"{house.url}/kiosk#token={token}", size, scripts=(EARS,)))
        await expect(kiosk.service("个人业务")).to_be_enabled()
        return kiosk

    def service(self, name: str) -> Locator:
        return self.page.locator("button.service", has_text=name)

    async def take(self, service: str, *, priority: str | None = None) -> str:
        """Touch a service; returns the number on the screen."""
        if priority is not None:
            await self.page.get_by_role("button", name=priority).tap()
        await self.service(service).tap()
        await expect(self.number).to_have_text(re.compile(r"^[A-D]\d{3}$"))
        return (await self.number.inner_text()).strip()

    async def leave(self) -> None:
        """Touch "done", so that the next person finds the start."""
        await self.page.get_by_role("button", name=re.compile("^(完成|Done)$")).tap()
        await expect(self.page.locator("main.start")).to_be_visible()


class Hall:
    """The screen and the loudspeaker."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.number = page.locator(".panel .number")
        self.counter = page.locator(".panel .counter")

    @classmethod
    async def hang_up(cls, screens: Screens, house: House) -> "Hall":
        token = (await house.sandbox())["display_token"]
        return cls(await screens.open(f"{house.url}/display#token={token}", HALL, scripts=(EARS,)))

    async def turn_on_sound(self) -> None:
        """Browsers stay silent until somebody has touched the screen."""
        hint = self.page.get_by_role("button", name="开启叫号声音")
        await hint.click()
        await expect(hint).to_be_hidden()

    async def shows(self, number: str, counter: int, *, behind: int = 0) -> None:
        """`behind` calls are before it, and each has its whole turn: voice twice, then the next."""
        await expect(self.number).to_contain_text(number, timeout=(behind + 1) * WAIT_MS)
        await expect(self.counter).to_have_text(str(counter))


class Phone:
    """A customer's own telephone, which knows nothing but the address on the slip."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.state = page.locator(".state").first
        self.call = page.get_by_role("alertdialog")

    @classmethod
    async def scan(cls, screens: Screens, slip: Any, *, language: str = "zh-CN", size: Size = PHONE) -> "Phone":
        phone = cls(await screens.open(phone_address(slip), size, scripts=(MOMENTS,), language=language))
        await expect(phone.state).to_be_visible()
        return phone

    async def dismiss(self) -> None:
        await self.call.get_by_role("button").tap()
        await expect(self.call).to_be_hidden()


class Teller:
    """Somebody at a counter who never touches the mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.number = page.locator(".stage .number")
        self.state = page.locator(".stage .state")
        self.blank = page.locator(".stage .blank")

    @classmethod
    async def arrive(cls, screens: Screens, house: House, staff_no: str, counter: int) -> "Teller":
        teller = cls(await screens.open(f"{house.url}/counter", DESK, scripts=(MOMENTS,)))
        await teller.log_in(staff_no)
        await teller.sit_down(counter)
        return teller

    async def log_in(self, staff_no: str) -> None:
        """The first field has the focus; Tab and Enter do the rest."""
        first = self.page.get_by_label("工号")
        await expect(first).to_be_focused()
        await self.page.keyboard.type(staff_no)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")

    async def sit_down(self, counter: int) -> None:
        await expect(self.page.get_by_role("heading", name="您在哪个窗口？")).to_be_visible()
        await self.page.keyboard.press(str(counter))
        await expect(self.state).to_be_visible()

    async def next(self, number: str) -> None:
        await expect(self.page.locator("button.next")).to_be_enabled()
        await self.page.keyboard.press("F9")
        await self.has(number, "已叫号")

    async def press(self, key: str, *answer: str) -> None:
        """A hot key, and the answers to the questions it asks."""
        await self.page.keyboard.press(key)
        for choice in answer:
            await expect(self.page.get_by_role("dialog")).to_be_visible()
            await self.page.keyboard.press(choice)
        await expect(self.page.get_by_role("dialog")).to_be_hidden()

    async def has(self, number: str, state: str) -> None:
        await expect(self.number).to_contain_text(number)
        await expect(self.state).to_contain_text(state)

    async def has_nobody(self) -> None:
        await expect(self.blank).to_be_visible()


class Bench:
    """Whoever plays with the demo's devices."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.slips = page.locator(".out li img")

    @classmethod
    async def stand_at(cls, screens: Screens, house: House) -> "Bench":
        return cls(await screens.open(f"{house.url}/bench", BENCH))

    async def press(self, label: str) -> None:
        """On the printer, or in the world around the branch: other devices have plugs too."""
        around = self.page.locator("#printer-1, .right")
        await around.get_by_role("button", name=label, exact=True).click()


def fact(page: Page, term: str) -> Locator:
    """The value beside a term in a list of facts."""
    return page.locator("dl > div", has_text=term).locator("dd").first
