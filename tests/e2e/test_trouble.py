"""Everything that goes wrong in a branch, at the pages: no paper, no line, no box, impatient fingers."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.house import House, phone_address
from tests.e2e.people import Bench, Hall, Kiosk, Phone, Teller, fact
from tests.e2e.screens import BENCH, Screens, heard, picture, until
from tests.harness.api import Api

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NETWORK = r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection"
"""What a browser logs while there is no box."""


async def test_without_paper_the_screen_is_the_slip(screens: Screens, house: House) -> None:
    kiosk, bench = await Kiosk.enter(screens, house), await Bench.stand_at(screens, house)
    before = len(await house.slips())
    await bench.press("取走纸卷")
    number = await kiosk.take("对公业务")
    await expect(kiosk.word).to_contain_text("打印机缺纸，请记住号码或扫码")
    await expect(kiosk.page.get_by_role("img", name="查看排队进度的二维码")).to_be_visible()
    await expect(kiosk.page.locator(".scan.large")).to_be_visible()
    await until("the number is said aloud", _said_aloud(kiosk, f"zh/{number[0].lower()} zh/{' zh/'.join(number[1:])}"))
    await picture(kiosk.page, "trouble-kiosk-no-paper")
    assert len(await house.slips()) == before

    await bench.press("装上新纸")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    await kiosk.leave()
    following = await kiosk.take("对公业务")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    assert len(await heard(kiosk.page)) == 11, "who has a slip in hand is not called out"
    printed = [slip["text"] for slip in (await house.slips())[before:]]
    assert [number in printed[0], following in printed[1], len(printed)] == [True, True, 2], "each slip once"


def _said_aloud(kiosk: Kiosk, digits: str) -> Callable[[], Awaitable[bool]]:
    async def whole() -> bool:
        clips = [re.sub(r"^/audio/|\.\w+$", "", str(clip["clip"])) for clip in await heard(kiosk.page)]
        return clips == ["chime", *(["zh/nin-de-haoma-shi", *digits.split()] * 2)]

    return whole


async def test_a_copy_says_that_it_is_one(screens: Screens, house: House) -> None:
    kiosk, bench = await Kiosk.enter(screens, house), await Bench.stand_at(screens, house)
    number = await kiosk.take("理财咨询")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    teller = await Teller.arrive(screens, house, "1001", 1)
    await _call_until(teller, number)
    await teller.page.get_by_role("button", name="补打").focus()
    await teller.page.keyboard.press("Enter")
    newest = bench.page.locator(".out li").first
    await expect(newest.locator("em")).to_have_text("补打")
    last = (await house.slips())[-1]
    assert "补打" in last["text"]
    assert number in last["text"]
    await teller.press("F6", "1")
    await _go_home(teller)


async def test_an_impatient_finger_gets_one_number(screens: Screens, house: House) -> None:
    kiosk = await Kiosk.enter(screens, house)
    before = len(await house.tickets())
    box = await kiosk.service("个人业务").bounding_box()
    assert box is not None
    for _ in range(4):
        await kiosk.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(kiosk.number).to_be_visible()
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    assert len(await house.tickets()) == before + 1


async def test_the_next_person_finds_nothing_of_the_last(screens: Screens, house: House) -> None:
    """Language, type size and priority go after a minute; the number after its countdown."""
    token = (await house.sandbox())["kiosk_token"]
    screens.forgive("WebSocket is closed before the connection is established")
    kiosk = await Kiosk.enter(screens, house)
    page = kiosk.page
    await page.clock.install()
    await page.goto(f"{house.url}/kiosk#token={token}")
    await page.reload()
    await page.get_by_role("button", name="大字版").tap()
    await page.get_by_role("button", name="English").tap()
    await page.get_by_role("button", name="Pregnant").tap()
    await expect(page.get_by_role("button", name="Pregnant")).to_have_attribute("aria-pressed", "true")
    await page.clock.run_for(61_000)
    await expect(page.get_by_role("heading", level=1)).to_have_text("您好，请选择业务")
    await expect(page.get_by_role("button", name="孕妇")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("html")).to_have_attribute("data-type", "normal")

    await kiosk.take("个人业务")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    await page.clock.run_for(21_000)
    await expect(page.locator("main.start")).to_be_visible()


async def test_with_the_line_cut_everything_goes_on_and_arrives_later(screens: Screens, house: House) -> None:
    kiosk, bench = await Kiosk.enter(screens, house), await Bench.stand_at(screens, house)
    office = await screens.open(house.office.url, BENCH)
    pending = fact(bench.page, "还没送到")
    await expect(pending).to_have_text("0 条")
    await expect(office.locator(".panel .age")).to_contain_text("实时")

    await bench.press("剪断线路")
    await expect(bench.page.get_by_role("img", name="线路已断")).to_be_visible()
    number = await kiosk.take("外币业务")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    teller = await Teller.arrive(screens, house, "1002", 3)
    await _call_until(teller, number)
    await until("facts wait at the branch", _more_than(pending, 4))
    await expect(office.locator(".panel .age")).to_contain_text("前的画面")
    await expect(office.locator(".panel table")).not_to_contain_text(number)
    await picture(bench.page, "trouble-bench-line-cut")
    await picture(office, "trouble-office-old-picture")

    await bench.press("接回线路")
    await expect(pending).to_have_text("0 条")
    row = office.locator(".panel table tbody tr", has_text=number)
    await expect(row).to_contain_text("已叫")
    await expect(office.locator(".panel .age")).to_contain_text("画面是实时的")
    await picture(office, "trouble-office-line-back")
    await teller.press("F6", "1")
    await expect(row).to_contain_text("办结")
    await _go_home(teller)


async def test_the_box_dies_in_the_middle_of_a_touch(screens: Screens, house: House) -> None:
    """kill -9 between a request and its answer: one number, on every page, and nobody reloads anything."""
    screens.forgive(NETWORK)
    kiosk, hall = await Kiosk.enter(screens, house), await Hall.hang_up(screens, house)
    await kiosk.take("个人业务")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    await kiosk.leave()
    phone = await Phone.scan(screens, (await house.slips())[-1])
    teller = await Teller.arrive(screens, house, "1003", 4)
    before = await house.tickets()

    await house.freeze()
    await kiosk.service("外币业务").tap()
    house.branch.kill()
    for page in (hall.page, phone.page, teller.page):
        await expect(page.locator(".live .strip")).to_be_visible()
    await picture(phone.page, "trouble-phone-lost")
    await picture(hall.page, "trouble-hall-lost")
    await picture(teller.page, "trouble-counter-lost")
    house.branch.start()
    await _number_after_all(kiosk)
    for page in (hall.page, phone.page, teller.page):
        await expect(page.locator(".live .strip")).to_be_hidden()

    after = await house.tickets()
    numbers = [ticket["number"] for ticket in after]
    assert len(numbers) == len(set(numbers)) == len(before) + 1
    await teller.page.keyboard.press("F9")
    await expect(teller.state).to_contain_text("已叫号")
    called = (await teller.number.inner_text()).split()[0][:4]
    await expect(hall.page.locator(".hall")).to_contain_text(called)  # at once in the list; its turn on the panel comes
    await teller.press("F6", "1")
    await _go_home(teller)
    assert house.branch.verify().returncode == 0


async def _number_after_all(kiosk: Kiosk) -> None:
    """The kiosk repeats by itself; where it gave up it offers to try again, which is the same wish."""
    again = kiosk.page.get_by_role("button", name="再试一次")
    await expect(kiosk.number.or_(again)).to_be_visible()
    if await again.is_visible():
        await again.tap()
    await expect(kiosk.number).to_be_visible()


async def test_two_windows_of_one_teller_agree(screens: Screens, house: House) -> None:
    kiosk = await Kiosk.enter(screens, house)
    number = await kiosk.take("理财咨询")
    one = await Teller.arrive(screens, house, "1001", 2)
    other = Teller(await screens.another(one.page.context, one.page.url))
    await expect(other.state).to_be_visible()
    await _call_until(one, number)
    await other.has(number, "已叫号")
    await other.press("F8")
    await expect(fact(one.page, "已呼叫")).to_have_text("2 次")
    await one.press("F7")
    await other.has(number, "正在办理")
    await other.press("F6", "1")
    await one.has_nobody()
    await _go_home(other)
    await expect(one.page.get_by_role("heading", name="您在哪个窗口？")).to_be_visible()


async def test_who_has_priority_goes_first_and_english_is_spoken(screens: Screens, house: House) -> None:
    await house.let_pass(120)
    kiosk, hall = await Kiosk.enter(screens, house), await Hall.hang_up(screens, house)
    await hall.turn_on_sound()
    await kiosk.take("外币业务")
    await kiosk.leave()
    await kiosk.page.get_by_role("button", name="English").tap()
    number = await kiosk.take("Foreign exchange", priority="Pregnant")
    await expect(kiosk.word).to_contain_text("Please take your slip")
    await picture(kiosk.page, "trouble-kiosk-english-priority")
    slip = (await house.slips())[-1]
    assert "Foreign exchange" in slip["text"]
    phone = await Phone.scan(screens, slip, language="zh-CN")
    await expect(phone.page.get_by_text("Your number")).to_be_visible()

    teller = await Teller.arrive(screens, house, "1002", 2)
    await teller.next(number)
    await expect(teller.page.locator(".marks")).to_contain_text("孕妇")
    await expect(teller.page.locator(".marks")).to_contain_text("英语服务")
    await expect(phone.call).to_contain_text("It is your turn")
    said = "window.heard.some((one) => one.clip.includes('/en/please-go-to-counter'))"
    await until("the hall speaks English too", lambda: hall.page.evaluate(said))
    english = [str(clip["clip"]) for clip in await heard(hall.page) if "/en/" in str(clip["clip"])]
    assert english[0].startswith("/audio/en/number")
    await teller.press("F6", "1")
    await _go_home(teller)


async def test_after_the_day_the_kiosk_says_so(screens: Screens, house: House) -> None:
    kiosk = await Kiosk.enter(screens, house)
    number = await kiosk.take("个人业务")
    await expect(kiosk.word).to_contain_text("请取走您的号单")
    await kiosk.leave()
    phone = await Phone.scan(screens, (await house.slips())[-1])
    assert phone_address((await house.slips())[-1]) == phone.page.url
    async with Api(house.url) as api:
        admin = await api.as_staff("9001")
        await admin.post("/api/day/close")
        await expect(kiosk.page.get_by_role("heading", name="现在不取号")).to_be_visible()
        await expect(kiosk.page.get_by_text("今天的取号已经结束")).to_be_visible()
        await expect(phone.state).to_contain_text("号码已失效")
        await picture(kiosk.page, "trouble-kiosk-closed")
        await admin.post("/api/day/open")
    await expect(kiosk.service("个人业务")).to_be_enabled()
    assert (await house.ticket(number))["state"] == "expired"
    assert await kiosk.take("个人业务") != number


async def _call_until(teller: Teller, number: str) -> None:
    """Next, and done, until it is this one's turn."""
    await expect(teller.state).to_be_visible()
    for _ in range(40):
        await expect(teller.page.locator("button.next")).to_be_enabled()
        await teller.page.keyboard.press("F9")
        await expect(teller.state).to_contain_text("已叫号")
        if number in await teller.number.inner_text():
            return
        await teller.press("F6", "1")
        await teller.has_nobody()
    raise AssertionError(f"{number} is never called")


async def _go_home(teller: Teller) -> None:
    """Leave the counter to the next test."""
    await teller.has_nobody()
    await teller.page.get_by_role("button", name="签退").focus()
    await teller.page.keyboard.press("Enter")
    await expect(teller.page.get_by_role("dialog")).to_be_visible()
    await teller.page.keyboard.press("Enter")
    await expect(teller.page.get_by_role("heading", name="您在哪个窗口？")).to_be_visible()


def _more_than(value: Locator, least: int) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return int((await value.inner_text()).split()[0]) > least

    return ask
