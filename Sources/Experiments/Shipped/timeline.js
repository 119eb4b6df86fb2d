"use strict";
(() => {
  const root = document.documentElement;
  const byId = id => document.getElementById(id);
  const page = JSON.parse(byId("data").textContent);
  const canvas = byId("chart"), context = canvas.getContext("2d"), tip = byId("tip");

  function bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text).buffer;
    const raw = atob(text), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out.buffer;
  }
  // Bytes of numbers, or one number that all are.
  const [offsets, starts, lengths, waits, classes, jobs, indices, instances] = [
    "offsets", "starts", "lengths", "waits", "classes", "jobs", "indices", "instances",
  ].map(id => {
    const node = byId(id), { type, count, value } = node.dataset, Kind = globalThis[type];
    node.remove();
    return value === undefined ? new Kind(bytes(node.textContent)) : new Kind(+count).fill(+value);
  });

  const color = name => getComputedStyle(root).getPropertyValue(name).trim();
  const whole = 2 ** 31, margin = { left: 92, bottom: 26, top: 2 };
  let from = 0, to = whole, top = 0, high = false, width = 0, height = 0, queued = false;

  const plot = () => ({ w: Math.max(10, width - margin.left - 6), h: Math.max(10, height - margin.bottom - margin.top) });
  // As high as fits, at least two pixels: what does not fit is scrolled to.
  const rowHeight = () => Math.max(high ? 14 : 2, Math.min(28, plot().h / Math.max(1, page.rows)));
  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const hue = kind => (isDark() ? page.dark : page.colors)[kind % page.colors.length];

  // In a unit that fits the time, or another one.
  function clock(seconds, like = seconds) {
    const sign = seconds < 0 ? "-" : "", s = Math.abs(like);
    const show = (length, unit, digits = 5) =>
      sign + Number((Math.abs(seconds) / length).toPrecision(digits)) + " " + unit;
    if (s >= 172800) return show(86400, "d");
    if (s >= 7200) return show(3600, "h");
    if (s >= 300) return show(60, "min");
    if (s >= .1 || s === 0) return show(1, "s");
    return show(1e-3, "ms", 4);
  }

  function step(span) {
    const rough = span / Math.max(2, plot().w / 110);
    const nice = [1e-3, 2e-3, 5e-3, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800,
      3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 8640000];
    return nice.find(n => n >= rough) || 86400 * Math.ceil(rough / 86400);
  }

  // The first bar of a row that ends after `time`. Bars of a lane do not overlap.
  function find(row, time) {
    let low = offsets[row], high = offsets[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] + lengths[middle] < time) low = middle + 1; else high = middle;
    }
    return low;
  }

  function draw() {
    queued = false;
    const ratio = devicePixelRatio || 1, { w, h } = plot();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = color("--paper");
    context.fillRect(0, 0, width, height);
    const row = rowHeight(), scale = w / (to - from);
    const first = Math.max(0, Math.floor(top / row));
    const last = Math.min(page.rows, Math.ceil((top + h) / row));
    const x = time => margin.left + (time - from) * scale;
    context.save();
    context.beginPath(); context.rect(margin.left, margin.top, w, h); context.clip();
    const span = (to - from) * page.unit, gap = step(span);
    context.strokeStyle = color("--grid");
    context.lineWidth = 1;
    const begin = Math.ceil(from * page.unit / gap) * gap;
    for (let t = begin; t <= to * page.unit; t += gap) {
      const at = Math.round(x(t / page.unit)) + .5;
      context.beginPath(); context.moveTo(at, margin.top); context.lineTo(at, margin.top + h); context.stroke();
    }
    // By colour, so that it is set a few times a frame; bars within one pixel are drawn once.
    const paths = page.colors.map(() => []);
    const lines = [];
    const thick = Math.max(1, row - (row >= 6 ? 1.5 : row > 3 ? .5 : 0));
    for (let r = first; r < last; r++) {
      const y = margin.top + r * row - top, end = offsets[r + 1];
      let done = -1;
      for (let i = find(r, from); i < end && starts[i] - waits[i] <= to; i++) {
        const left = x(starts[i]), right = left + Math.max(1, lengths[i] * scale);
        if (row >= 4 && waits[i] * scale >= 1) lines.push(x(starts[i] - waits[i]), left, y + row - 1.5);
        if (left > margin.left + w || right <= done) continue;
        paths[classes[i] % page.colors.length].push(Math.max(left, done), y, right);
        done = Math.floor(right);
      }
    }
    context.fillStyle = color("--soft");
    for (let i = 0; i < lines.length; i += 3) {
      context.fillRect(lines[i], lines[i + 2], lines[i + 1] - lines[i], 1);
    }
    paths.forEach((list, kind) => {
      context.fillStyle = hue(kind);
      for (let i = 0; i < list.length; i += 3) {
        const wide = list[i + 2] - list[i];
        context.fillRect(list[i], list[i + 1], wide > 3 ? wide - .5 : wide, thick);
      }
    });
    context.restore();
    context.fillStyle = color("--soft");
    context.font = "12px " + getComputedStyle(document.body).fontFamily;
    context.textBaseline = "top"; context.textAlign = "center";
    for (let t = begin; t <= to * page.unit; t += gap) {
      const at = x(t / page.unit);
      if (at > margin.left + 20 && at < width - 24) context.fillText(clock(t, to * page.unit), at, height - margin.bottom + 8);
    }
    context.textAlign = "right"; context.textBaseline = "middle";
    let free = -1;
    for (const [machine, place, lanes] of page.machines) {
      const y = margin.top + place * row - top, middle = y + lanes * row / 2;
      if (y > margin.top + h) break;
      if (y + lanes * row < margin.top) continue;
      context.strokeStyle = color("--line");
      if (lanes * row >= 8) {
        context.beginPath(); context.moveTo(0, y + .5); context.lineTo(width, y + .5); context.stroke();
      }
      if (middle < free || middle < margin.top + 6 || middle > margin.top + h - 4) continue;
      context.fillText("machine " + machine, margin.left - 6, middle, margin.left - 8);
      free = middle + 14;
    }
    root.dataset.drawn = String(1 + Number(root.dataset.drawn || 0));
  }

  function later() {
    if (!queued) { queued = true; requestAnimationFrame(draw); }
  }

  function limit() {
    const span = Math.min(whole, Math.max(200, to - from));
    from = Math.max(0, Math.min(from, whole - span));
    to = from + span;
    top = Math.max(0, Math.min(top, page.rows * rowHeight() - plot().h));
    later();
  }

  function zoom(factor, at) {
    const share = at === undefined ? .5 : Math.min(1, Math.max(0, (at - margin.left) / plot().w));
    const centre = from + share * (to - from), span = (to - from) * factor;
    from = centre - share * span;
    to = from + span;
    limit();
  }

  function move(x, y) {
    const time = x / plot().w * (to - from);
    from += time; to += time; top += y;
    if (from < 0) { to -= from; from = 0; }
    if (to > whole) { from -= to - whole; to = whole; }
    limit();
  }

  function resize() {
    const box = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    width = box.width; height = box.height;
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    limit();
  }

  function words(i) {
    const instance = page.gangs ? `, instance ${instances[i]}` : "";
    return `job ${jobs[i]}, task ${indices[i]}${instance} (${page.kinds[classes[i]]})\n`
      + `from ${clock(starts[i] * page.unit)}, for ${clock(lengths[i] * page.unit)}\n`
      + (waits[i] ? `after a wait of ${clock(waits[i] * page.unit)}` : "at once");
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const row = Math.floor((y - margin.top + top) / rowHeight());
    const time = from + (x - margin.left) / plot().w * (to - from);
    tip.hidden = true;
    if (row < 0 || row >= page.rows || x < margin.left) return;
    const i = find(row, time - 2 / plot().w * (to - from));
    if (i >= offsets[row + 1] || starts[i] - waits[i] > time) return;
    tip.textContent = words(i);
    tip.hidden = false;
    tip.style.left = Math.min(x + 14, width - tip.offsetWidth - 4) + "px";
    tip.style.top = Math.min(y + 14, height - tip.offsetHeight - 4) + "px";
  }

  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    if (event.shiftKey) return move(0, event.deltaY || event.deltaX);
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move(event.deltaX, 0);
    zoom(Math.exp(event.deltaY * .0015), event.clientX - canvas.getBoundingClientRect().left);
  }, { passive: false });
  const pointers = new Map();
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    canvas.classList.add("moving");
  });
  canvas.addEventListener("pointermove", event => {
    const known = pointers.get(event.pointerId);
    if (!known) return point(event);
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.abs(known[0] - other[0]), after = Math.abs(event.clientX - other[0]);
      if (before > 10 && after > 10) zoom(before / after, (event.clientX + other[0]) / 2);
    } else move(known[0] - event.clientX, known[1] - event.clientY);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, event => {
      pointers.delete(event.pointerId);
      canvas.classList.remove("moving");
    });
  }
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("keydown", event => {
    const act = {
      ArrowLeft: () => move(-60, 0), ArrowRight: () => move(60, 0), ArrowUp: () => move(0, -40),
      ArrowDown: () => move(0, 40), "+": () => zoom(.7), "-": () => zoom(1.4),
      Home: () => { from = 0; to = whole; limit(); },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    byId("reader").textContent = `from ${clock(from * page.unit)} to ${clock(to * page.unit)}`;
  });
  byId("in").addEventListener("click", () => zoom(.6));
  byId("out").addEventListener("click", () => zoom(1.7));
  byId("all").addEventListener("click", () => { from = 0; to = whole; top = 0; limit(); });
  byId("rows").addEventListener("click", event => {
    high = !high;
    event.target.setAttribute("aria-pressed", String(high));
    limit();
  });
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    legend();
    later();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { legend(); later(); });
  const seen = new Set(classes);
  function legend() {
    document.querySelector(".legend").replaceChildren(...[...seen].sort((a, b) => a - b).map(kind => {
      const entry = document.createElement("span"), patch = document.createElement("i");
      patch.style.background = hue(kind);
      entry.append(patch, page.kinds[kind]);
      return entry;
    }));
  }
  legend();
  new ResizeObserver(resize).observe(canvas);
  resize();
})();
