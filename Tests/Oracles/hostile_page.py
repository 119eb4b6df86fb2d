"""Opens a page in headless Chromium and says whether anything of its names ran.

Usage: hostile_page.py CHROMIUM PAGE

Prints an object: owned (a script of a name left its mark), errors (exceptions, and what the content
policy had to stop), heads (the texts of all row heads), foreign (whether a script that is added
afterwards runs).
"""

import json
import sys
import time

from browser import Browser

browser = Browser(sys.argv[1])
browser.open(sys.argv[2])
time.sleep(1)
owned = browser.evaluate("document.documentElement.dataset.owned === '1'")
heads = browser.evaluate("[...document.querySelectorAll('tbody th')].map(h => h.textContent)")
errors = browser.errors()
foreign = browser.evaluate(
    "(() => { const s = document.createElement('script'); s.textContent = 'window.foreign = 1';"
    " document.body.append(s); return window.foreign === 1 })()")
print(json.dumps({"owned": owned, "errors": errors, "heads": heads, "foreign": foreign}))
browser.close()
