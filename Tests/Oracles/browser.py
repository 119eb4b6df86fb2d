"""Opens a page in headless Chromium and says what a reader would meet.

Usage: browser.py CHROMIUM PAGE [SCREENSHOT WIDTH HEIGHT [dark] [from=Y]]

Speaks the DevTools protocol over Chromium's own pipe, so nothing but Python is needed. Prints an object:
errors (console errors and exceptions), requests (anything but the page itself and data URLs), charts
(how many colours the ink of each canvas has), figures (their names), tables (their rows of cell texts and data-value), overflow
(whether a 390-pixel phone has to scroll sideways, or to read a table's title), contrast (what is too faint, in both themes), keyboard (what arrow keys read out), dark (the
background after a press of the theme button).
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


class Browser:
    def __init__(self, program):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        self.profile = tempfile.mkdtemp()

        def descriptors():
            spare = [os.dup2(to_read, 100), os.dup2(to_write, 101)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--no-first-run", "--remote-debugging-pipe",
             "--user-data-dir=" + self.profile, "about:blank"],
            close_fds=False, preexec_fn=descriptors,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.number = 0
        self.events = []
        self.session = None

    def message(self):
        while b"\0" not in self.buffer:
            more = os.read(self.read_end, 1 << 20)
            if not more:
                sys.exit("browser: Chromium has gone")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        call = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.write_end, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"browser: {method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def evaluate(self, script):
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"browser: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, page, width=1200, height=900, dark=False):
        """Shows the page in a tab of that size and waits until it is complete; returns its URL."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)
        if dark:
            self.call("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark"}])
        url = "file://" + os.path.abspath(page)
        self.call("Page.navigate", url=url)
        for _ in range(100):
            if self.evaluate("document.readyState") == "complete":
                break
            time.sleep(0.1)
        time.sleep(0.5)
        return url

    def errors(self):
        """Exceptions, and errors and warnings of the console, up to now."""
        return [
            json.dumps(e["params"]) for e in self.events
            if e.get("method") == "Runtime.exceptionThrown"
            or e.get("method") == "Log.entryAdded"
            and e["params"]["entry"]["level"] in ("error", "warning")
            or e.get("method") == "Runtime.consoleAPICalled"
            and e["params"]["type"] in ("error", "warning")]

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


TABLES = """[...document.querySelectorAll('table')].map(table => ({
  caption: table.caption ? table.caption.textContent : '',
  header: [...table.querySelectorAll('thead th')].map(cell => cell.textContent),
  rows: [...table.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => ({
    text: cell.textContent, value: cell.dataset.value === undefined ? null : +cell.dataset.value,
    strong: cell.querySelector('strong') !== null})))}))"""

INK = """[...document.querySelectorAll('canvas')].map(canvas => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const colors = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200)
    colors.add(data[i] >> 4 << 8 | data[i + 1] >> 4 << 4 | data[i + 2] >> 4);
  return [...colors].filter(c => new Set([c >> 8, c >> 4 & 15, c & 15]).size > 1).length;
})"""

# Texts whose colour is too near to what is behind them (WCAG 2.2, 1.4.3 AA: 4.5, 3 where letters are large),
# and colours of charts (1.4.11: 3), as "ratio what".
CONTRAST = """(() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(' ');
    if (!text || ['SCRIPT', 'STYLE'].includes(element.tagName) || !box.width || !box.height) continue;
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && +style.fontWeight >= 700;
    const value = ratio(rgb(style.color), behind(element));
    if (value < (large ? 3 : 4.5)) bad.push(value.toFixed(2) + ' ' + element.tagName + ': ' + text.slice(0, 40));
  }
  const data = document.getElementById('data'), figure = document.querySelector('figure .chart');
  const isDark = document.documentElement.dataset.theme === 'dark';
  const colors = data && figure ? JSON.parse(data.textContent)[isDark ? 'dark' : 'colors'] || [] : [];
  for (const color of colors) {
    const value = ratio([1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16)), behind(figure));
    if (value < 3) bad.push(value.toFixed(2) + ' colour ' + color);
  }
  return bad;
})()"""


def main():
    program, page = sys.argv[1:3]
    browser = Browser(program)
    try:
        width, height = (int(n) for n in sys.argv[4:6]) if len(sys.argv) > 5 else (1200, 900)
        url = browser.open(page, width, height, "dark" in sys.argv)
        browser.evaluate("document.querySelectorAll('details.part').forEach(part => { part.open = true; })")
        time.sleep(0.3)
        result = {"tables": browser.evaluate(TABLES), "charts": browser.evaluate(INK),
                  "figures": browser.evaluate(
                      "[...document.querySelectorAll('canvas')].map(c => c.closest('[id]').id)")}
        if len(sys.argv) > 3:
            top = sum(int(a[5:]) for a in sys.argv if a.startswith("from="))
            shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                                clip={"x": 0, "y": top, "width": width, "height": height, "scale": 1})
            with open(sys.argv[3], "wb") as file:
                file.write(base64.b64decode(shot["data"]))
        if result["charts"]:
            browser.evaluate("document.querySelector('canvas').focus()")
            for key in ("ArrowRight", "ArrowRight"):
                browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key)
            result["keyboard"] = browser.evaluate("document.getElementById('reader').textContent")
        before = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        result["contrast"] = browser.evaluate(CONTRAST)
        browser.evaluate("document.getElementById('theme').click()")
        after = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        result["themes"] = [before, after]
        result["contrast"] += ["after the theme: " + line for line in browser.evaluate(CONTRAST)]
        browser.call("Emulation.setDeviceMetricsOverride", width=390, height=844,
                     deviceScaleFactor=1, mobile=True)
        time.sleep(0.3)
        result["overflow"] = browser.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            " || [...document.querySelectorAll('caption span')]"
            ".some(title => title.getBoundingClientRect().right > innerWidth)")
        result["pages"] = len(browser.call("Page.printToPDF")["data"])
        events = browser.events
        result["requests"] = [
            e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"
            and e["params"]["request"]["url"] != url
            and not e["params"]["request"]["url"].startswith(("data:", "about:"))]
        result["errors"] = browser.errors()
        json.dump(result, sys.stdout)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
