"""Headless Chromium on its debugging pipe: no driver, no library, no port."""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
ANSWER_WITHIN_S = 30


def chromium_or_skip() -> str:
    """Return the browser; without one the test is skipped, or fails where one is required."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("SUNHWAN_REQUIRE_BROWSER"):
        pytest.fail("Chromium is required here and absent")
    pytest.skip("Chromium is absent")


class Tab:
    """One tab: it goes to an address, says what it asked for and what it complained about, and is looked at."""

    def __init__(self, browser: "Chromium", session: str) -> None:
        self._browser = browser
        self._session = session
        self.asked: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **params: object) -> dict:
        return await self._browser.call(method, params, session=self._session)

    async def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )

    async def go(self, address: str) -> None:
        loaded = self._browser.expect(self._session, "Page.loadEventFired")
        answer = await self.call("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        await asyncio.wait_for(loaded, ANSWER_WITHIN_S)
        await self.run("document.fonts.ready.then(() => true)")

    async def press(self, selector: str) -> None:
        """Press what a selector finds, and wait for the page that comes."""
        loaded = self._browser.expect(self._session, "Page.loadEventFired")
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")
        await asyncio.wait_for(loaded, ANSWER_WITHIN_S)

    async def key(self, name: str) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=9)

    async def run(self, script: str) -> object:
        """Evaluate a script through the debugger, which no page policy touches."""
        answer = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def picture(self, path: Path, *, whole: bool = True) -> None:
        answer = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


class Chromium:
    """The browser: commands go down one pipe, answers and events come up the other."""

    def __init__(self, down: int, up: int) -> None:
        self._down = down
        self._up = up
        self._last = 0
        self._waiting: dict[int, asyncio.Future] = {}
        self._expected: list[tuple[str, str, asyncio.Future]] = []
        self._tabs: dict[str, Tab] = {}
        self._rest = b""

    def start(self) -> None:
        os.set_blocking(self._up, False)
        asyncio.get_running_loop().add_reader(self._up, self._read)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._up)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._up, 1 << 16):
                self._rest += chunk
        *messages, self._rest = self._rest.split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message: dict) -> None:
        if "id" in message:
            future = self._waiting.pop(message["id"])
            if not future.done():
                future.set_result(message)
            return
        session, method, params = message.get("sessionId", ""), message["method"], message.get("params", {})
        tab = self._tabs.get(session)
        if tab is not None and method == "Network.requestWillBeSent":
            tab.asked.append(params["request"]["url"])
        elif tab is not None and method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            tab.complaints.append(params["entry"]["text"])
        elif tab is not None and method == "Runtime.exceptionThrown":
            tab.complaints.append(json.dumps(params["exceptionDetails"]))
        for waiting in [one for one in self._expected if one[:2] == (session, method)]:
            self._expected.remove(waiting)
            if not waiting[2].done():
                waiting[2].set_result(params)

    def expect(self, session: str, method: str) -> asyncio.Future:
        future = asyncio.get_running_loop().create_future()
        self._expected.append((session, method, future))
        return future

    async def call(self, method: str, params: dict, *, session: str | None = None) -> dict:
        self._last += 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = future
        message = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._down, json.dumps(message).encode() + b"\0")
        answer = await asyncio.wait_for(future, ANSWER_WITHIN_S)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    async def tab(self) -> Tab:
        """Open a tab with cookies of its own."""
        context = await self.call("Target.createBrowserContext", {})
        target = await self.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": context["browserContextId"]}
        )
        attached = await self.call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True})
        tab = self._tabs[attached["sessionId"]] = Tab(self, attached["sessionId"])
        for domain in ("Page", "Network", "Log", "Runtime"):
            await tab.call(f"{domain}.enable")
        return tab


@contextlib.asynccontextmanager
async def open_chromium(home: Path) -> AsyncIterator[Chromium]:
    """Yield a browser with an empty profile; it is ended with the block."""
    program = chromium_or_skip()
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    high = [fcntl.fcntl(one, fcntl.F_DUPFD, 64) for one in (down_read, up_write)]

    def on_three_and_four() -> None:
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    process = await asyncio.create_subprocess_exec(
        program,
        *QUIET,
        f"--user-data-dir={home}",
        "about:blank",
        preexec_fn=on_three_and_four,
        pass_fds=(3, 4),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    for one in (down_read, up_write, *high):
        os.close(one)
    browser = Chromium(down_write, up_read)
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        os.close(down_write)
        os.close(up_read)
