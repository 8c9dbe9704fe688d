"""S26 through the pages: head office and a region publish, the outlet sees whose word holds, asks, and is answered."""

from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e import audit
from tests.e2e.audit import Dress
from tests.e2e.house import House
from tests.e2e.people import PASSWORD
from tests.e2e.screens import BENCH, Screens, Size, picture
from tests.e2e.test_for_anybody import Auditor

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NARROW: Final = Size(1024, 768)
T: Final = "普卡等待时间阀值 T"
N: Final = "普卡等待人数阀值 N"


async def test_three_levels_from_the_pages(screens: Screens, house: House) -> None:
    screens.forgive("409")
    office = await screens.open(f"{house.office.url}/#/policies", BENCH)
    await _say(office, T, "30", lock=True)
    await picture(office, "headoffice-draft")
    await _publish(office, "四季度服务标准")
    await office.locator("aside .row button").click()
    await office.locator("#region").fill("gd")
    await office.locator("#name").fill("广东分行")
    await office.locator("[role=dialog] .actions button").last.click()
    await expect(office.locator("aside .row")).to_contain_text("广东分行")
    await office.locator("#whose").select_option("region:gd")
    await _say(office, N, "10", lock=False)
    await _publish(office, "")
    await expect(office.locator("aside")).to_contain_text("已生效 1 家")

    outlet = await screens.open(f"{house.url}/console#/policy", BENCH)
    await outlet.locator("input").first.fill("9001")
    await outlet.locator("input").last.fill(PASSWORD)
    await outlet.keyboard.press("Enter")
    await expect(_row(outlet, T)).to_contain_text("30 分钟")
    await expect(_row(outlet, T)).to_contain_text("总行")
    await expect(_row(outlet, N)).to_contain_text("10 位")
    await expect(_row(outlet, N)).to_contain_text("分行")
    await _set(outlet, N, "8")
    await expect(_row(outlet, N)).to_contain_text("网点")
    await _row(outlet, T).get_by_role("button").click()
    await expect(outlet.get_by_role("dialog")).to_contain_text("总行")
    await outlet.locator("[role=dialog] input[type=number]").fill("60")
    await outlet.locator("[role=dialog] input[type=text]").fill("春节客流")
    await picture(outlet, "console-policy-ask")
    await outlet.locator("[role=dialog] .actions button").last.click()
    await expect(_row(outlet, T)).to_contain_text("30 分钟")

    await expect(office.locator("aside")).to_contain_text("春节客流")
    await office.get_by_role("button", name="同意", exact=True).click()
    await office.locator("#by").fill("钱经理")
    await office.locator("[role=dialog] .actions button").last.click()
    await expect(_row(outlet, T)).to_contain_text("60 分钟")
    await office.locator("#whose").select_option("branch:0001")
    await expect(_row(office, T)).to_contain_text("60 分钟")
    await expect(_row(office, N)).to_contain_text("8 位")
    await picture(office, "headoffice-outlet")


@pytest.mark.parametrize("size", [BENCH, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_head_offices_pages_are_for_anybody(screens: Screens, house: House, language: str, size: Size) -> None:
    auditor = Auditor(screens, house, Dress(language, big=False))
    page = await auditor.open(f"{house.office.url}/#/policies", size)
    await expect(page.locator("tbody tr").first).to_be_visible()
    await auditor.look(page, f"headoffice-policies-{size.width}", least_px=audit.MOUSE_TARGET_PX)
    await page.locator("tbody button").first.click()
    await page.locator("[role=dialog] input[type=radio]").last.check()
    await auditor.look(page, f"headoffice-entry-{size.width}", least_px=audit.MOUSE_TARGET_PX)
    await page.locator("[role=dialog] .actions button").last.click()
    await page.locator(".draft button").last.click()
    await auditor.look(page, f"headoffice-publish-{size.width}", least_px=audit.MOUSE_TARGET_PX)
    await page.keyboard.press("Escape")
    await page.locator(".draft button").first.click()
    await page.locator("nav a").first.click()
    await expect(page.locator(".panel")).to_be_visible()
    await auditor.look(page, f"headoffice-branches-{size.width}", least_px=audit.MOUSE_TARGET_PX)
    assert not auditor.wrongs, "\n" + "\n".join(auditor.wrongs)


def _row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has_text=name)


async def _say(page: Page, name: str, value: str, *, lock: bool) -> None:
    """A value of the level that is looked at, kept as a draft."""
    await _row(page, name).get_by_role("button").click()
    await page.locator("[role=dialog] input[type=radio]").last.check()
    await page.locator("[role=dialog] input[type=number]").fill(value)
    await page.locator("[role=dialog] input[type=checkbox]").set_checked(lock)
    await page.locator("[role=dialog] .actions button").last.click()
    await expect(page.locator(".draft")).to_be_visible()


async def _publish(page: Page, note: str) -> None:
    await page.locator(".draft button").last.click()
    await page.locator("#from").fill("2026-03-01T08:00")  # the house lives on a day in March
    await page.locator("#note").fill(note)
    await page.locator("[role=dialog] .actions button").last.click()
    await expect(page.locator(".draft")).to_be_hidden()


async def _set(page: Page, name: str, value: str) -> None:
    await _row(page, name).get_by_role("button").click()
    await page.locator("[role=dialog] input[type=number]").fill(value)
    await page.locator("[role=dialog] .actions button").last.click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
