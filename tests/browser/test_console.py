"""The console in headless Chromium: every page at a desk and on a phone, with nothing from elsewhere."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app import demo, demo_complex
from app.main import create_app
from app.ports import Ports
from app.serving import listen, serving
from app.settings import read_settings
from app.wiring import open_ports, story_clock
from tests.browser.chromium import Chromium, Tab, chromium_or_skip, open_chromium

PASSWORD = "wire-rope-2026-gumi"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}

OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll('body *')].filter(one => {
    const box = one.getBoundingClientRect();
    if (box.width === 0 || box.right <= wide + 1 || one.closest('.scroll, .nav ul, .unseen, .skip')) return false;
    return getComputedStyle(one).position !== 'absolute';
  }).map(one => one.tagName + '.' + one.className + ' ' + (one.textContent || '').trim().slice(0, 40)).slice(0, 5);
})()"""


@dataclass(frozen=True, kw_only=True)
class Console:
    """The served program with the whole story in it."""

    address: str
    life: demo.trace.PackTrace


@pytest.fixture
async def console(database_url: str, tmp_path: Path) -> AsyncIterator[Console]:
    """Serve the program on a free port and tell it the story."""
    chromium_or_skip()
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = read_settings(
        {"SUNHWAN_HOME": str(tmp_path), "SUNHWAN_PUBLIC_URL": address, "DATABASE_URL": database_url}
    )
    async with open_ports(settings, clock=story_clock(datetime(2026, 2, 1, tzinfo=UTC))) as ports:
        await demo_complex.make_complex(ports, password=PASSWORD)

        @asynccontextmanager
        async def lend(ports: Ports = ports) -> AsyncIterator[Ports]:
            yield ports

        @asynccontextmanager
        async def here() -> AsyncIterator[str]:
            yield address

        async with serving(create_app(settings, ports=lambda _: lend()), listening):
            story = await demo.tell(
                demo.DemoWish(), ports=ports, clock=ports.clock, serve=here, password=PASSWORD, said=lambda _: None
            )
            assert story.life is not None
            yield Console(address=address, life=story.life)


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    """A browser with an empty profile."""
    async with open_chromium(tmp_path / "profile") as opened:
        yield opened


def rooms(life: demo.trace.PackTrace) -> dict[str, dict[str, str]]:
    """Return the pages of each person by name."""
    service = life.services[0]
    invoice, contract = service.invoices[0].invoice, service.contract
    pack, reception = f"/packs/{life.pack.pack_id}", f"/ktr/receptions/{life.receptions[0].reception_id}"
    return {
        "": {
            "home": "/",
            "sign-in": "/sign-in",
            "verify": f"/verify?number={life.certificates[0].number}",
            "passport": urlsplit(life.passports[1].product_uri).path,
            "passport-en": urlsplit(life.passports[1].product_uri).path + "?lang=en",
            "passport-old": urlsplit(life.passports[0].product_uri).path,
            "nowhere": "/01/09506000134352/21/NOBODY",
            "problems": "/problems",
        },
        "tenant": {
            "energy": f"/energy?month={invoice.month}",
            "energy-none": "/energy?month=2020-01",
            "own-contract": "/contract",
            "invoices": "/invoices",
            "invoice": f"/invoices/{invoice.invoice_id}",
        },
        "tester": {"queue": "/ktr", "reception-new": "/ktr/receptions/new", "reception": reception},
        "operator": {
            "packs": "/packs",
            "pack": pack,
            "pack-new": "/packs/new",
            "contracts": "/contracts",
            "contract": f"/contracts/{contract.tenant_id}/{contract.contract_id}",
            "plans": "/plans",
            "sites": "/sites",
            "deposits": "/deposits",
            "account": "/account",
            "confirm": "/confirm?next=/account",
            "invoice-books": f"/invoices/{invoice.tenant_id}/{invoice.invoice_id}",
        },
    }


async def sign_in(tab: Tab, console: Console, name: str) -> None:
    """Sign in as a person does: by the form."""
    await tab.go(f"{console.address}/sign-in")
    await tab.run(f"document.querySelector('[name=sign_in_name]').value = '{name}'")
    await tab.run(f"document.querySelector('[name=password]').value = '{PASSWORD}'")
    await tab.press("main form button")


async def test_every_page_fits_a_desk_and_a_phone_and_asks_nobody_else(console: Console, browser: Chromium):
    pictures = os.environ.get("SUNHWAN_PICTURES")
    wide: dict[str, object] = {}
    outside: set[str] = set()
    complaints: list[str] = []
    for name, pages in rooms(console.life).items():
        tab = await browser.tab()
        await tab.call("Emulation.setScriptExecutionDisabled", value=False)
        if name:
            await sign_in(tab, console, name)
        for size, (width, height) in SIZES.items():
            await tab.size(width, height, mobile=size == "phone")
            for page, address in pages.items():
                await tab.go(console.address + address)
                found = await tab.run(OVERFLOW)
                if found:
                    wide[f"{page} {size}"] = found
                if pictures:
                    await tab.picture(Path(pictures) / f"{page}-{size}.png")
        outside |= {one for one in tab.asked if urlsplit(one).netloc != urlsplit(console.address).netloc}
        complaints += tab.complaints

    assert wide == {}
    assert {one for one in outside if not one.startswith(("about:", "data:", "chrome"))} == set()
    assert [one for one in complaints if "404 (Not Found)" not in one] == []


async def test_the_keyboard_reaches_the_skip_link_first_and_signing_in_needs_no_script(
    console: Console, browser: Chromium
):
    tab = await browser.tab()
    await tab.size(1280, 900)
    await tab.go(console.address)
    await tab.key("Tab")
    first = await tab.run("document.activeElement.getAttribute('href')")
    assert first == "#main"

    await tab.call("Emulation.setScriptExecutionDisabled", value=True)
    await sign_in(tab, console, "operator")

    assert await tab.run("location.pathname") == "/packs"
    assert await tab.run("document.querySelector('[aria-current=page]').textContent") == "배터리 팩"
