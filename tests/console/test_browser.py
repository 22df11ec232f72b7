"""The pages in a real browser: charts drawn, nothing blocked or broken, nothing wider than a phone, usable by keyboard."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from huitou.customers.profile import find_customer
from huitou.kit.settings import settings

from .conftest import PASSWORD, Shop

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER TEST: there is no chromium (apt-get install chromium)"),
    pytest.mark.timeout(240),
]
NOON = "2026-11-20T12:00:00Z"

# What a screen reader and a keyboard need, by the rules of WCAG 2.2 that can be checked without judgement.
FAULTS = """() => {
  const found = [];
  const seen = (element) => element.checkVisibility();
  const named = (element) => (element.getAttribute('aria-label') || element.textContent || element.title || '').trim();
  for (const image of document.images) if (!image.hasAttribute('alt')) found.push('no alt: ' + image.src);
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!field.labels?.length && !field.getAttribute('aria-label')) found.push('no label: ' + field.name);
  for (const control of document.querySelectorAll('a, button'))
    if (!named(control) && !control.querySelector('img[alt]:not([alt=""])')) found.push('no name: ' + control.outerHTML.slice(0, 90));
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) found.push('id twice: ' + id);
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (!document.querySelector('main')) found.push('no main');
  for (const bar of document.querySelectorAll('progress')) if (!bar.getAttribute('aria-label')) found.push('bar without a name');
  const light = (colour) => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
    const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const opaque = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const behind = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent|\\/ 0\\.?\\d*\\)|rgba/.test(behind)) return behind;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  for (const element of document.querySelectorAll('main *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !seen(element) || element.closest('.disabled, .skeleton, .sr, .btn-primary, noscript, option, script, progress')) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(opaque(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return [...new Set(found)];
}"""


@pytest.fixture
def address(planned: Any) -> Iterator[str]:
    """The console served by the real command, on this test's data."""
    from huitou.cli.users import set_password

    set_password("lin", PASSWORD)
    command = [
        sys.executable,
        "-c",
        "from huitou.cli import main; main()",
        "serve",
        "--only",
        "console",
        "--port",
        "0",
        "--now",
        NOON,
    ]
    environment = {
        **os.environ,
        "HUITOU_DATA": str(settings().data),
        "DATABASE_URL": str(settings().database_url),
        "HUITOU_LANG": "en",
    }
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://[\d.:]+", server.stdout.readline())
            assert found is not None, "the server did not say where it serves"
            wait_for(found[0])
            yield found[0]
        finally:
            server.terminate()
            server.wait(20)


def wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{address}/sign-in", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the console does not answer")


class Visitor:
    """One browser window; `complaints` is what its console and network complained of."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address, self.complaints = page, address, list[str]()
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "response", lambda got: self.complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None
        )
        page.on(
            "request",
            lambda asked: self.complaints.append(asked.url) if not asked.url.startswith((address, "data:")) else None,
        )

    def sign_in(self) -> None:
        self.open("/sign-in")
        self.page.fill("#name", "lin")
        self.page.fill("#password", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.address}/")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.shows("[aria-busy=true], .htmx-request, [data-chart]:not([data-drawn])", 0)

    def shows(self, selector: str, count: int) -> None:
        """Waits until so many are there. (Playwright's wait_for_function needs eval, which the pages forbid.)"""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_have_count(count, timeout=60_000)


@pytest.fixture
def chromium(address: str) -> Iterator[Any]:
    """After the address: beside playwright's loop Django refuses to speak to the database."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visit(chromium: Any, address: str, look: str = "zh-CN 1440 light") -> Iterator[Visitor]:
    locale, width, scheme = look.split()
    context = chromium.new_context(locale=locale, color_scheme=scheme, viewport={"width": int(width), "height": 844})
    one = Visitor(context.new_page(), address)
    one.sign_in()
    yield one
    context.close()


@pytest.fixture
def visitor(chromium: Any, address: str) -> Iterator[Visitor]:
    with visit(chromium, address) as one:
        yield one


def pages() -> list[str]:
    customer = find_customer("u3")
    from huitou.console.reads.messages import list_messages

    message = list_messages(number=1).rows[0]["id"]
    return [
        "/", "/broadcasts/B1", "/customers", f"/customers/{customer}", "/campaigns", "/campaigns/winter-tea", "/messages",
        f"/messages/{message}", "/intake",
    ]  # fmt: skip


def test_every_page_is_whole(chromium: Any, address: str) -> None:
    """No complaint of the browser, nothing beside the screen, charts drawn, labels and contrast as they must be."""
    for look in ("zh-CN 1440 light", "en-GB 390 dark"):
        with visit(chromium, address, look) as visitor:
            for path in pages():
                visitor.open(path)
                page = visitor.page
                assert visitor.complaints == [], (look, path)
                beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert beyond <= 0, (look, path)
                assert page.evaluate(FAULTS) == [], (look, path)
                drawn = page.locator("[data-chart][data-drawn] canvas").count()
                assert page.locator("[data-chart]").count() == drawn, (look, path)
                assert page.locator(".widget-error").count() == 0, (look, path)
            visitor.open("/broadcasts/B1")
            visitor.shows("[data-chart=funnel] canvas", 1)


def test_an_operator_works_with_it(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    """One visit for all of it: a server and a browser take longer to start than these acts."""
    filter_the_people(visitor)
    preview_a_plan_and_pause_the_campaign(visitor)
    upload_a_file(visitor, tmp_path / "products.csv")
    assert visitor.complaints == []
    say_so_where_no_answer_comes(visitor)


def filter_the_people(visitor: Visitor) -> None:
    visitor.open("/broadcasts/B1")
    visitor.page.select_option("#people-list select[name=action]", "ordered")
    visitor.shows("#people-list tbody tr", 2)
    visitor.page.wait_for_url(f"{visitor.address}/broadcasts/B1?action=ordered#people")
    visitor.page.locator("#people-list .row-link").first.click()
    visitor.page.wait_for_url("**/customers/*")
    visitor.page.go_back()
    visitor.shows("#people-list tbody tr", 2)
    assert visitor.page.input_value("#people-list select[name=action]") == "ordered"


def preview_a_plan_and_pause_the_campaign(visitor: Visitor) -> None:
    """With the keyboard alone."""
    page = visitor.page
    for opener, dialog, answer in (
        ("preview-dialog", "#preview-dialog", "#plan-card .alert-info"),
        ("pause-dialog", "#pause-dialog", "main .alert-warning"),
    ):
        page.locator(f"[data-dialog={opener}]").focus()
        page.keyboard.press("Enter")
        page.locator(f"{dialog} .btn-primary").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(answer)
    visitor.open("/campaigns/winter-tea")
    visitor.shows("form[action='/resume/winter-tea']", 1)


def upload_a_file(visitor: Visitor, file: Path) -> None:
    file.write_text("product_id,name,price,currency\nP7,岩茶,129.00,CNY\n,无名,1.00,CNY\n", encoding="utf-8")
    page = visitor.page
    visitor.open("/intake")
    page.set_input_files("#file", file)
    page.locator("form.drop .btn-primary").click()
    page.wait_for_selector(".upload .tone-success", timeout=60_000)
    with page.expect_download() as download:
        page.locator(".upload a[href$='/rejected']").click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("row,")


def say_so_where_no_answer_comes(visitor: Visitor) -> None:
    visitor.page.route("**/widgets/reach/**", lambda route: route.abort())
    visitor.page.goto(f"{visitor.address}/broadcasts/B1")
    visitor.shows("#reach .widget [role=alert]", 1)
    visitor.shows("#show [data-chart=funnel] canvas", 1)
