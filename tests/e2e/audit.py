"""What any page must be for anybody: readable by machines (axe), usable by keyboard, large enough for fingers, in one language.

Every check returns what is wrong in words, so that a test can say all of it at once.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from playwright.async_api import Page

from tests.harness.programs import ROOT

AXE: Final = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE: Final = {"serious", "critical"}
STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TARGET_PX: Final = 44
BIG_TARGET_PX: Final = 60
MOUSE_TARGET_PX: Final = 24
"""WCAG 2.2, 2.5.8: for pages that are worked with a mouse."""
INNER_STOPS: Final = 12
"""A field for a moment is several stops of Tab."""
STOPS_MAX: Final = 400
FOCUS_PX_MIN: Final = 2

CONTROLS: Final = """
(() => {
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const modal = document.querySelector('[aria-modal=true]');
  const wanted = 'button, a[href], input, select, textarea, summary, [role=tab], [role=radio], [tabindex]';
  return [...document.querySelectorAll(wanted)].filter((one) => shown(one) && !one.disabled && one.tabIndex >= 0
    && (!modal || modal.contains(one)));
})
"""
NAME: Final = """((one) => (one.getAttribute('aria-label') || one.innerText || one.id || one.className || one.tagName)
  .trim().replace(/\\s+/g, ' ').slice(0, 50))"""

SMALL: Final = f"""
(least_px) => ({CONTROLS})().map((one) => {{
  const area = one.closest('label') ?? one;
  const box = area.getBoundingClientRect();
  return {{ name: ({NAME})(one), width: Math.round(box.width * 10) / 10, height: Math.round(box.height * 10) / 10 }};
}}).filter((one) => Math.min(one.width, one.height) < least_px - 0.5)
"""
NUMBER_THEM: Final = f"() => ({CONTROLS})().map((one, place) => {{ one.dataset.stop = place; return ({NAME})(one); }})"
HERE: Final = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const outline = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
  return { stop: one.dataset.stop ?? null, outline, shadow: style.boxShadow !== 'none' };
}
"""
WORDS: Final = """
(language) => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (!text || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest('[lang]')?.getAttribute('lang') !== language || parent.closest('pre, script, style')) continue;
    found.push(text);
  }
  for (const one of document.querySelectorAll('[aria-label], [title], [alt], [placeholder]')) {
    if (one.closest('[lang]')?.getAttribute('lang') !== language) continue;
    for (const name of ['aria-label', 'title', 'placeholder']) if (one.getAttribute(name)) found.push(one.getAttribute(name));
  }
  return [...new Set(found)];
}
"""
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
ENGLISH: Final = re.compile(r"[A-Za-z]{3,}")
TOKEN: Final = re.compile(r"bb[a-z]_\w+")
CUT_OFF: Final = """
() => [...document.querySelectorAll('body *')].filter((one) => {
  if (one.closest('svg, .read-aloud-only, pre') || !one.checkVisibility()) return false;
  const box = one.getBoundingClientRect();
  if (!box.width || !one.textContent.trim()) return false;
  const style = getComputedStyle(one);
  const holds = one.matches('button, article') || style.overflowX === 'hidden';
  const cut = holds && style.textOverflow !== 'ellipsis' && one.scrollWidth > one.clientWidth + 2;
  return cut || (one.matches('button, input') && (box.right > innerWidth + 1 || box.left < -1));
}).map((one) => `${one.className || one.tagName}: ${one.textContent.trim().slice(0, 40)}`)
"""
SPILT: Final = """
() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const parent = walk.currentNode.parentElement;
    if (!text || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest('svg, pre, .read-aloud-only')) continue;
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const words = range.getBoundingClientRect();
    const holder = parent.closest('button, article, dl > div, .card, .ticket')?.getBoundingClientRect();
    const out = words.right > innerWidth + 1 || words.left < -1;
    const over = holder && (words.top < holder.top - 3 || words.bottom > holder.bottom + 3
      || words.left < holder.left - 3 || words.right > holder.right + 3);
    const clipped = [...(function* () { for (let one = parent; one; one = one.parentElement) yield one; })()]
      .some((one) => getComputedStyle(one).textOverflow === 'ellipsis' || getComputedStyle(one).overflowY === 'auto');
    if ((out || over) && !clipped) found.push(text.slice(0, 40));
  }
  return [...new Set(found)];
}
"""


class Dress(NamedTuple):
    """How somebody has set a page."""

    language: str
    big: bool

    @property
    def name(self) -> str:
        return f"{self.language[:2]}{'-big' if self.big else ''}"

    @property
    def script(self) -> str:
        """What the browser remembers of it."""
        kept = {"bb.locale": self.language, "bb.big_type": "yes" if self.big else "no"}
        return f"if (location.protocol === 'http:') Object.assign(localStorage, {json.dumps(kept)});"


@cache
def _axe() -> str:
    return AXE.read_text()


async def accessible(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    options = {"runOnly": STANDARDS, "resultTypes": ["violations"]}
    results: Any = await page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"axe {found['id']} ({found['impact']}): {found['help']}: {_where(found['nodes'])}"
        for found in results["violations"]
        if found["impact"] in GRAVE
    ]


def _where(nodes: Sequence[Any]) -> str:
    few = [f"{node['html'][:120]} {node.get('failureSummary', '')[:160]}" for node in nodes[:3]]
    return f"{len(nodes)}× " + " | ".join(few)


async def large_enough(page: Page, *, least_px: int) -> list[str]:
    """Controls that a finger, or a mouse, misses."""
    small: list[Any] = await page.evaluate(SMALL, least_px)
    return [f"{one['name']} is {one['width']}×{one['height']} px, not {least_px}" for one in small]


async def reachable(page: Page) -> list[str]:
    """Controls that Tab never reaches, or where nobody sees that it did."""
    names: list[str] = await page.evaluate(NUMBER_THEM)
    reached: set[int] = set()
    seen: set[int] = set()
    for _ in range(min(len(names) + INNER_STOPS, STOPS_MAX)):
        await page.keyboard.press("Tab")
        here = await page.evaluate(HERE)
        if here is None or here["stop"] is None:
            continue
        reached.add(int(here["stop"]))
        if here["outline"] >= FOCUS_PX_MIN or here["shadow"]:
            seen.add(int(here["stop"]))
    missed = [f"Tab never reaches {name}" for place, name in enumerate(names) if place not in reached]
    return missed + [f"focus on {names[place]} cannot be seen" for place in sorted(reached - seen)]


async def in_one_language(page: Page, language: str, *, names: frozenset[str]) -> list[str]:
    """Texts in the other language that are not marked as such. `names` are proper names, the same in both."""
    texts: list[str] = await page.evaluate(WORDS, language)
    other = CHINESE if language == "en" else ENGLISH
    return [f"not in {language}: {text[:60]}" for text in texts if other.search(_without(text, names))]


def _without(text: str, names: frozenset[str]) -> str:
    for name in names:
        text = text.replace(name, "")
    return TOKEN.sub("", text)


async def whole(page: Page) -> list[str]:
    """Texts that are cut off, controls that stick out."""
    cut: list[str] = await page.evaluate(CUT_OFF)
    spilt: list[str] = await page.evaluate(SPILT)
    return [f"cut off: {one}" for one in cut] + [f"outside what holds it: {one}" for one in spilt]
