#!/usr/bin/env python3
"""Drives a page in headless Chromium over its debugging pipe, with nothing but the standard library.

    drive.py BROWSER PAGE OTHER_PAGE [SHOTS]

Exits with 1 and says what was expected when the page does not do what it should.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Browser:
    """A browser that is spoken to in JSON, each message ended by a zero byte."""

    def __init__(self, program: str, profile: str):
        read_end, write_commands = os.pipe()
        read_answers, write_end = os.pipe()

        def descriptors():
            # The browser reads commands from 3 and writes answers to 4; copies first, so that none is overwritten.
            commands, answers = os.dup(read_end), os.dup(write_end)
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-background-networking", "about:blank"]
        self.process = subprocess.Popen([program, *flags], preexec_fn=descriptors, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_end)
        os.close(write_end)
        self.commands, self.answers = write_commands, read_answers
        self.waiting, self.number, self.session, self.events = b"", 0, None, []

    def read(self) -> dict:
        while b"\0" not in self.waiting:
            piece = os.read(self.answers, 1 << 20)
            if not piece:
                sys.exit("the browser has gone away")
            self.waiting += piece
        message, self.waiting = self.waiting.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method: str, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open_tab(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def run(self, script: str):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"{script}\n{json.dumps(result['exceptionDetails'], indent=2)}")
        return result["result"].get("value")

    def go(self, page: Path) -> float:
        """Opens a page; seconds until it says that it is drawn."""
        start = time.monotonic()
        self.ask("Page.navigate", url=page.resolve().as_uri())
        while self.run("document.documentElement?.dataset.ready") != "true":
            if time.monotonic() - start > 20:
                sys.exit(f"{page} is not drawn after 20 s")
            time.sleep(0.02)
        return time.monotonic() - start

    def size(self, width: int, height: int) -> None:
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def key(self, key: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra)

    def shot(self, folder: Path | None, name: str, whole: bool = False) -> None:
        if folder:
            data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
            (folder / f"{name}.png").write_bytes(base64.b64decode(data))


def expect(what: str, found, expected) -> None:
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")
    print(f"ok: {what}")


TEXT = "(s) => document.querySelector(s).textContent"


def drive(browser: Browser, page: Path, other: Path, shots: Path | None) -> None:
    browser.size(1280, 900)
    seconds = browser.go(page)
    total = browser.run("JSON.parse(document.getElementById('data').textContent).accounts.length")
    print(f"drawn after {seconds:.2f} s with {total} accounts")
    text = lambda selector: browser.run(f"({TEXT})({json.dumps(selector)})")
    count = lambda selector: browser.run(f"document.querySelectorAll({json.dumps(selector)}).length")
    expect("rows on a page", count("#accounts tbody tr"), min(50, total))
    expect("tiles", count("#tiles .tile"), 6)
    expect("cells of the grid", count("#heat button"), 16)
    counted = browser.run("[...document.querySelectorAll('#heat b')].reduce((sum, b) => sum + Number(b.textContent.replace(/,/g, '')), 0)")
    expect("the grid counts every account", counted, browser.run("JSON.parse(document.getElementById('data').textContent).accounts_total"))
    browser.shot(shots, "light", whole=True)

    # Search finds the account by its id, and says how many.
    first = browser.run("document.querySelector('#accounts tbody small').textContent.split(' ')[0]")
    browser.run("document.getElementById('search').focus()")
    browser.ask("Input.insertText", text=first)
    expect("search finds one account", count("#accounts tbody tr"), 1)
    expect("search says so", text("#accounts-note").startswith("1 of "), True)

    # A card opens from the keyboard, shows sums that add up, and gives the focus back.
    browser.run("document.querySelector('#accounts .open').focus()")
    browser.key("Enter", 13, "\r")
    expect("the card is open", browser.run("document.getElementById('card').open"), True)
    expect("the focus is on its name", browser.run("document.activeElement.id"), "card-name")
    sums = browser.run(
        "[...document.querySelectorAll('.fall')].map((table) => {"
        " const values = [...table.querySelectorAll('td.number')].map((cell) => Number(cell.textContent.replace('\\u2212', '-')));"
        " const total = values.pop(); return Math.abs(values.reduce((a, b) => a + b, 0) - total); })")
    told = browser.run("[...document.querySelectorAll('#card .why li')].map((reason) => reason.textContent.trim().length > 8)")
    expect("every reason is a sentence", len(told) > 0 and all(told), True)
    expect("the waterfalls add up", len(sums) == 2 and all(gap < 1e-6 for gap in sums), True)
    browser.shot(shots, "card")
    browser.key("Escape", 27)
    expect("Escape closes it", browser.run("document.getElementById('card').open"), False)
    expect("the focus is back", browser.run("document.activeElement.className"), "open")

    # Another product, by arrow key.
    browser.run("document.getElementById('clear').click()")
    before = text("#accounts-note")
    browser.run("document.querySelector('#products [aria-checked=true]').focus()")
    browser.key("ArrowRight", 39)
    expect("another product is shown", text("#accounts-note") != before, True)
    expect("one product is chosen", count("#products [aria-checked=true]"), 1)
    expect("a cell selects its accounts", browser.run(
        "(() => { const cell = [...document.querySelectorAll('#heat button')].find((b) => b.querySelector('b').textContent !== '0');"
        " const wanted = cell.querySelector('b').textContent; cell.click();"
        " return document.getElementById('accounts-note').textContent.startsWith(wanted + ' of ') || "
        "JSON.parse(document.getElementById('data').textContent).accounts_total > JSON.parse(document.getElementById('data').textContent).accounts.length; })()"), True)
    browser.run("document.getElementById('clear').click()")

    # Themes: chosen, and as the system says.
    paper = lambda: browser.run("getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()")
    light = paper()
    browser.run("document.getElementById('theme').click(); document.getElementById('theme').click()")
    expect("the dark theme is dark", paper() != light, True)
    browser.shot(shots, "dark", whole=True)
    browser.run("document.querySelector('#accounts .open').click()")
    browser.shot(shots, "card-dark")
    browser.run("document.getElementById('close').click(); document.getElementById('theme').click()")
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    expect("without a choice the system decides", paper() != light, True)
    browser.ask("Emulation.setEmulatedMedia", features=[])

    # Narrow: nothing sticks out.
    browser.size(390, 844)
    expect("nothing is wider than a phone", browser.run("document.documentElement.scrollWidth <= 390"), True)
    browser.shot(shots, "narrow", whole=True)
    browser.run("document.querySelector('#accounts .open').click()")
    browser.shot(shots, "card-narrow")
    browser.run("document.getElementById('close').click()")
    browser.size(1280, 900)

    # Print.
    pdf = base64.b64decode(browser.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
    expect("it prints", pdf[:5], b"%PDF-")
    if shots:
        (shots / "print.pdf").write_bytes(pdf)
        browser.ask("Emulation.setEmulatedMedia", media="print")
        browser.size(794, 1123)
        browser.shot(shots, "print", whole=True)
        browser.ask("Emulation.setEmulatedMedia", media="")
        browser.size(1280, 900)

    # What a screen reader is told.
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    told = lambda role: [node for node in nodes if node.get("role", {}).get("value") == role and not node.get("ignored")]
    nameless = [role for role in ("button", "radio", "searchbox", "combobox", "checkbox", "table", "img", "image", "dialog")
                for node in told(role) if not node.get("name", {}).get("value")]
    nameless = [role for role in nameless if role != "table"]
    expect("every control has a name", nameless, [])
    expect("the groups of controls are told", (len(told("radiogroup")), len(told("main")), len(told("search"))), (1, 1, 1))

    # A run with measured models shows what they are worth.
    browser.go(other)
    expect("gains and reliability are drawn", count("#worth svg polyline") >= 2, True)
    browser.shot(shots, "worth", whole=True)

    errors = [event for event in browser.events
              if event.get("method") in ("Runtime.exceptionThrown",)
              or event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
              or event.get("method") == "Runtime.consoleAPICalled" and event["params"]["type"] == "error"]
    expect("no error on the console", [json.dumps(event["params"])[:300] for event in errors], [])
    requests = [event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
    expect("no request but for the pages", [url for url in requests if not url.startswith("file:")], [])
    expect("nothing beside the pages is read", len(requests), 2)


def main() -> None:
    program, page, other = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    shots = Path(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            browser.open_tab()
            drive(browser, page, other, shots)
        finally:
            browser.process.terminate()
            browser.process.wait()


if __name__ == "__main__":
    main()
