"""The whole journey, walked as people walk it: touch, paper, phone, keyboard, loudspeaker, rating."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.house import House, phone_address
from tests.e2e.people import Bench, Hall, Kiosk, Phone, Teller
from tests.e2e.screens import PHONE, Screens, heard, picture, until

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CALL_A003 = ["qing", "a", "0", "0", "3", "hao-dao", "2", "hao-chuangkou"]
"""请 A 0 0 3 号到 2 号窗口."""


async def test_from_the_touch_of_a_finger_to_the_rating(screens: Screens, house: House) -> None:
    kiosk, bench, hall = (
        await Kiosk.enter(screens, house),
        await Bench.stand_at(screens, house),
        await Hall.hang_up(screens, house),
    )
    await hall.turn_on_sound()
    phone = await _three_numbers(screens, house, kiosk, bench)
    teller = await Teller.arrive(screens, house, "1001", 2)

    await teller.next("A001")
    await expect(phone.state).to_contain_text("1 人")
    await teller.next("A002")
    await expect(phone.state).to_contain_text("下一位就是您")
    await phone.page.get_by_role("button", name="开启响铃提醒").tap()
    await teller.next("A003")

    await _phone_is_called(phone, teller)
    await hall.shows("A003", 2, behind=2)
    said = "window.heard.filter((one) => one.clip.includes('/3.')).length >= 2"
    await until("the hall says it twice", lambda: hall.page.evaluate(said))
    await picture(hall.page, "journey-hall-call")
    await _hall_heard(hall.page)
    await picture(phone.page, "journey-phone-called")
    await phone.dismiss()

    await _everything_a_teller_does(teller, phone)
    await _one_rating_and_no_second(screens, house, phone)


async def _three_numbers(screens: Screens, house: House, kiosk: Kiosk, bench: Bench) -> Phone:
    """Three people touch; each has paper; the third opens the page behind the code on it."""
    for number in ("A001", "A002", "A003"):
        assert await kiosk.take("个人业务") == number
        await expect(kiosk.word).to_contain_text("请取走您的号单")
        await kiosk.leave()
    await expect(bench.slips).to_have_count(3)
    newest = bench.slips.first
    await expect(newest).to_have_attribute("alt", re.compile("A003"))
    await until("the slip is a picture that loaded", lambda: newest.evaluate("(image) => image.naturalWidth > 300"))
    await picture(bench.page, "journey-bench")
    slip = (await house.slips())[-1]
    assert phone_address(slip).startswith(f"http://{house.guests}/t/"), "the code leads to the guests' listener"
    assert "A003" in slip["text"]
    phone = await Phone.scan(screens, slip)
    await expect(phone.state).to_contain_text("2 人")
    return phone


async def _phone_is_called(phone: Phone, teller: Teller) -> None:
    await expect(phone.call).to_be_visible()
    await expect(phone.call).to_contain_text("A003")
    await expect(phone.call).to_contain_text("轮到您了")
    pressed_ms: int = await teller.page.evaluate("window.pressed.at(-1).at_ms")
    alarmed_ms: int = await phone.page.evaluate("window.alarmed[0]")
    assert pressed_ms <= alarmed_ms  # how soon is measured by the benchmarks
    assert await phone.page.evaluate("window.shaken.some((pattern) => pattern.length > 1)")


async def _hall_heard(page: Page) -> None:
    """The chime and the sentence, twice, in order, one clip after the other."""
    clips = await heard(page)
    chimes = [place for place, clip in enumerate(clips) if "/chime." in str(clip["clip"])]
    words = [re.sub(r"^/audio/zh/|\.\w+$", "", str(clip["clip"])) for clip in clips[chimes[2] + 1 :]]
    assert words == CALL_A003 * 2
    for one, following in zip(clips[chimes[2] :], clips[chimes[2] + 1 :], strict=False):
        assert float(one["until_s"]) <= float(following["at_s"]) + 0.001


async def _everything_a_teller_does(teller: Teller, phone: Phone) -> None:
    await teller.press("F8")
    await expect(phone.call).to_contain_text("再次呼叫您")
    await phone.dismiss()
    await teller.press("F7")
    await teller.has("A003", "正在办理")
    await expect(phone.state).to_contain_text("正在 2 号窗口办理")

    await teller.press("F4", "Enter")
    await teller.has_nobody()
    await expect(phone.page.locator(".service")).to_have_text("对公业务")
    await expect(phone.page.locator(".number").first).to_contain_text("A003")

    await teller.next("A003")
    await expect(teller.page.locator(".marks")).to_contain_text("由“个人业务”转来")
    await phone.dismiss()
    await teller.press("F3", "1")
    await teller.has_nobody()
    await expect(phone.state).to_contain_text("暂缓办理")
    await _requeue(teller)

    await teller.next("A003")
    await phone.dismiss()
    await teller.press("F2", "Shift+Tab", "Enter")
    await teller.has_nobody()
    await expect(phone.state).to_contain_text("已过号")
    await _requeue(teller)

    await teller.next("A003")
    await phone.dismiss()
    await teller.press("F7")
    await teller.has("A003", "正在办理")
    await picture(teller.page, "journey-counter-serving")
    await teller.press("F6", "1")
    await teller.has_nobody()
    await expect(phone.state).to_contain_text("办理完毕")


async def _requeue(teller: Teller) -> None:
    """Out of the side panel's second tab, by keyboard; then back to the first."""
    keyboard = teller.page.keyboard
    await teller.page.locator("[role=tab][aria-selected=true]").focus()
    await keyboard.press("ArrowRight")
    again = teller.page.get_by_role("listitem").filter(has_text="A003").get_by_role("button", name="重新排队")
    await expect(again).to_be_enabled()
    for _ in range(
        await teller.page.get_by_role("button", name="重新排队").count()
    ):  # whoever was only called stands there too
        await keyboard.press("Tab")
        if await again.evaluate("(button) => button === document.activeElement"):
            break
    await expect(again).to_be_focused()
    await keyboard.press("Enter")
    await expect(again).to_have_count(0)
    await teller.page.locator("[role=tab][aria-selected=true]").focus()
    await keyboard.press("ArrowLeft")
    await expect(teller.page.locator("section.queue")).to_contain_text("A003")


async def _one_rating_and_no_second(screens: Screens, house: House, phone: Phone) -> None:
    """The second telephone hears nothing any more, so it still offers what the box will refuse."""
    deaf = await screens.open("about:blank", PHONE)
    await deaf.route_web_socket("**/api/live*", lambda _socket: None)
    await deaf.goto(phone.page.url)
    await expect(deaf.get_by_role("radio", name="不满意", exact=True)).to_be_visible()

    await phone.page.get_by_role("radio", name="很满意", exact=True).tap()
    await phone.page.get_by_role("button", name="态度好").tap()
    await phone.page.get_by_role("textbox").fill("谢谢王女士 🙏")
    await picture(phone.page, "journey-phone-rating", whole=True)
    await phone.page.get_by_role("button", name="提交评价").tap()
    await expect(phone.page.locator(".thanks")).to_contain_text("谢谢您的评价")
    assert (await house.ticket("A003"))["rating"] == 5

    screens.forgive("409")
    await deaf.get_by_role("radio", name="不满意", exact=True).tap()
    await deaf.get_by_role("button", name="提交评价").tap()
    await expect(deaf.get_by_role("alert")).to_contain_text("您已经评价过了，谢谢")
    assert (await house.ticket("A003"))["rating"] == 5
