"""The branch console by address and by keyboard, and each of its pages for anybody, at a desk's size and a narrow one."""

import hashlib
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from tests.e2e import audit
from tests.e2e.audit import Dress
from tests.e2e.house import House
from tests.e2e.people import PASSWORD
from tests.e2e.screens import BENCH, Screens, Size
from tests.e2e.test_for_anybody import Auditor
from tests.harness.api import Api

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NARROW: Final = Size(1024, 768)
SECTIONS: Final = ("rules", "policy", "appointments", "calendar", "reports", "devices", "rights", "day", "org")
ADMIN: Final = "9001"
OWNERS: Final = {"zh-CN": ("13800000002", "欧阳建国"), "en": ("13800000003", "周小雨")}
"""Of two customers of the demo, whom the test erases."""


async def test_an_address_opens_what_it_names(screens: Screens, house: House) -> None:
    """Typed before signing in, reloaded, gone back from, and typed again."""
    page = await screens.open(f"{house.url}/console#/devices", BENCH)
    await _sign_in(page)
    await _is_at(page, "devices")
    await page.reload()
    await _is_at(page, "devices")
    await page.locator("nav a[href='#/day']").first.click()
    await _is_at(page, "day")
    await page.evaluate("() => { location.hash = '#policy'; }")  # as older bookmarks have it
    await _is_at(page, "policy")
    await page.go_back()
    await _is_at(page, "day")
    await page.go_back()
    await _is_at(page, "devices")
    await page.go_forward()
    await _is_at(page, "day")


async def test_an_address_goes_on_to_a_device_a_policy_and_a_report(screens: Screens, house: House) -> None:
    page = await screens.open(f"{house.url}/console#/devices/printer-1", BENCH)
    await _sign_in(page)
    await expect(page.get_by_role("dialog")).to_contain_text("printer-1")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.goto(f"{house.url}/console#/policy/queue.target.gold_s")
    await expect(page.get_by_role("dialog", name="金卡等候目标")).to_be_visible()
    await page.goto(f"{house.url}/console#/reports/traffic?period=month&from=2026-03-01")
    await expect(page.locator(".sheet h3")).to_have_text("时段客户流量报表")
    await expect(page.get_by_role("radio", name="月", exact=True)).to_be_checked()
    await page.get_by_role("radio", name="年", exact=True).click()
    await page.reload()
    await expect(page.get_by_role("radio", name="年", exact=True)).to_be_checked()


async def test_the_keyboard_goes_where_the_page_goes(screens: Screens, house: House) -> None:
    page = await screens.open(f"{house.url}/console", BENCH)
    await _sign_in(page)
    await page.locator("nav a[href='#/org']").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main", name="机构")).to_be_focused()
    await expect(page).to_have_title("机构 · 网点控制台")


async def test_an_edit_is_not_lost_by_going_back(screens: Screens, house: House) -> None:
    page = await screens.open(f"{house.url}/console#/day", BENCH)
    await _sign_in(page)
    await page.locator("nav a[href='#/rules']").first.click()
    await page.get_by_role("button", name="加一个时段").click()
    await page.go_back()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.locator("[role=dialog] [data-first]").click()
    await _is_at(page, "rules")
    await page.go_back()
    await page.locator("[role=dialog] .actions button").first.click()
    await _is_at(page, "day")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_customer_asks_about_their_own_data(screens: Screens, house: House, tmp_path: Path, language: str) -> None:
    """Seen in clear with a reason, consent given with proof and taken back, erased; every state for anybody."""
    auditor = Auditor(screens, house, Dress(language, big=False))
    phone, name = OWNERS[language]
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"signed")
    page = await auditor.open("/console#/rights", NARROW)
    await _sign_in(page)
    await page.locator("main select").select_option("phone")
    await page.locator("main input").fill(phone)
    await page.keyboard.press("Enter")
    await page.locator("main select").select_option("verify")
    await page.locator("main .row button").first.click()
    await expect(page.locator("main .clear")).to_contain_text(name)
    await auditor.look(page, "console-rights-clear", least_px=audit.MOUSE_TARGET_PX)
    marketing = page.locator("main tbody tr").nth(1)
    await marketing.get_by_role("button").click()
    await page.locator("[role=dialog] input[type=file]").set_input_files(scan)
    await auditor.look(page, "console-rights-consent", least_px=audit.MOUSE_TARGET_PX)
    await page.locator("[role=dialog] .actions button").last.click()
    await expect(marketing.get_by_role("button")).to_have_count(2)
    async with Api(house.url) as api:
        card = await (await api.as_staff("2001")).post("/api/customers/search", {"identity": {"kind": "phone", "value": phone}})
        path = f"/api/customers/{card['card']['customer']}/consents"
        ledger = await (await api.as_staff("2001")).get(path)
        assert ledger["lines"][0]["evidence"] == hashlib.sha256(b"signed").hexdigest()
        await marketing.get_by_role("button").first.click()
        await expect(marketing.get_by_role("button")).to_have_count(1)
        await page.locator("main button.danger").click()
        await auditor.look(page, "console-rights-erase", least_px=audit.MOUSE_TARGET_PX)
        await page.locator("[role=dialog] .actions button").last.click()
        await expect(page.locator("main [role=status]")).to_be_visible()
        assert (await (await api.as_staff("2001")).get(path))["erased_at"]
    assert not auditor.wrongs, "\n" + "\n".join(auditor.wrongs)


@pytest.mark.parametrize("size", [BENCH, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_is_for_anybody(screens: Screens, house: House, language: str, size: Size) -> None:
    auditor = Auditor(screens, house, Dress(language, big=False))
    page = await auditor.open("/console", size)
    await _sign_in(page)
    for section in SECTIONS:
        await page.goto(f"{house.url}/console#/{section}")
        await _is_at(page, section)
        await auditor.look(page, f"console-{section}-{size.width}", least_px=audit.MOUSE_TARGET_PX)
    assert not auditor.wrongs, "\n" + "\n".join(auditor.wrongs)


async def _sign_in(page: Page) -> None:
    await page.locator("input").first.fill(ADMIN)
    await page.locator("input").last.fill(PASSWORD)
    await page.keyboard.press("Enter")


async def _is_at(page: Page, section: str) -> None:
    """The page itself is there, not only its name."""
    await expect(page.locator(f"nav a[href='#/{section}']").first).to_have_attribute("aria-current", "page")
    await expect(page.locator("main h2").first).to_be_visible()
    await expect(page.locator("main .wait")).to_have_count(0)
