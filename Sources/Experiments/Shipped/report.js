"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const reader = document.getElementById("reader");
  // Filled, then hollow: marks of strokes are lost among whiskers.
  const shapes = ["circle", "rect", "triangle", "rectRot"];
  const isHollow = style => style % 8 >= 4;
  const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [12, 4], [4, 2, 1, 2], [], [7, 3]];
  const charts = new Map();
  const specs = new WeakMap();

  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const color = name => getComputedStyle(root).getPropertyValue(name).trim();
  const hue = style => (isDark() ? page.dark : page.colors)[style % page.colors.length];
  const faint = hex => hex + "2b";

  function figure(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
    return String(Number(value.toPrecision(4)));
  }

  function tick(value, isLog) {
    if (!isLog) {
      const size = Math.abs(value);
      if (size >= 1e6 && size < 1e9) return Number((value / 1e6).toPrecision(4)) + " M";
      return size >= 1e4 && size < 1e6 ? Number((value / 1e3).toPrecision(4)) + " k" : figure(value);
    }
    const power = Math.log10(value);
    if (Math.abs(power - Math.round(power)) > 1e-9) return "";
    const up = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const whole = Math.round(power);
    if (whole >= -2 && whole <= 3) return String(Number(value.toPrecision(1)));
    return "10" + (whole < 0 ? "⁻" : "") + String(Math.abs(whole)).replace(/./g, d => up[d]);
  }

  // Whiskers for intervals, which Chart.js has none of.
  const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(chart) {
      const context = chart.ctx;
      chart.data.datasets.forEach((set, index) => {
        if (!set.whiskers || !chart.isDatasetVisible(index)) return;
        const meta = chart.getDatasetMeta(index);
        context.save();
        const area = chart.chartArea;
        context.beginPath();
        context.rect(area.left, area.top, area.width, area.height);
        context.clip();
        context.strokeStyle = set.type === "bar" || chart.config.type === "bar"
          ? color("--ink") : set.borderColor;
        context.lineWidth = 1.3;
        set.data.forEach((point, place) => {
          const element = meta.data[place];
          if (!element) return;
          const line = (x1, y1, x2, y2) => {
            context.beginPath(); context.moveTo(x1, y1); context.lineTo(x2, y2); context.stroke();
          };
          if (point.yRange) {
            const [low, high] = point.yRange.map(v => chart.scales.y.getPixelForValue(v));
            line(element.x, low, element.x, high);
            line(element.x - 4, low, element.x + 4, low);
            line(element.x - 4, high, element.x + 4, high);
          }
          if (point.xRange) {
            const [low, high] = point.xRange.map(v => chart.scales.x.getPixelForValue(v));
            line(low, element.y, high, element.y);
            line(low, element.y - 4, low, element.y + 4);
            line(high, element.y - 4, high, element.y + 4);
          }
        });
        context.restore();
      });
    },
  };

  // Ground behind the stretches that figures are not about.
  const shade = {
    id: "shade",
    beforeDatasetsDraw(chart) {
      const area = chart.chartArea;
      for (const [low, high] of specs.get(chart.canvas).shaded || []) {
        const x = Math.max(area.left, chart.scales.x.getPixelForValue(low));
        const end = Math.min(area.right, chart.scales.x.getPixelForValue(high));
        chart.ctx.save();
        chart.ctx.fillStyle = color("--shade");
        chart.ctx.fillRect(x, area.top, Math.max(0, end - x), area.height);
        chart.ctx.restore();
      }
    },
  };

  // Names at the ends of lines, so that nobody has to look them up by colour.
  const isLabelled = spec => spec.kind === "lines" && !spec.small && spec.series.length > 1
    && spec.series.length <= 8 && innerWidth >= 640;
  const short = name => name.length > 22 ? name.slice(0, 21) + "…" : name;
  const names = {
    id: "names",
    afterDatasetsDraw(chart) {
      if (!isLabelled(specs.get(chart.canvas))) return;
      const labels = [];
      chart.data.datasets.forEach((set, index) => {
        if (set.band || !chart.isDatasetVisible(index)) return;
        const last = chart.getDatasetMeta(index).data.at(-1);
        if (last) labels.push({ y: last.y, x: last.x, set });
      });
      labels.sort((a, b) => a.y - b.y);
      const size = 14, area = chart.chartArea;
      labels.forEach((label, i) => {
        label.at = Math.max(label.y, i ? labels[i - 1].at + size : area.top + size / 2);
      });
      for (let i = labels.length - 1, limit = area.bottom - 4; i >= 0; i--, limit -= size) {
        labels[i].at = Math.min(labels[i].at, limit);
      }
      const context = chart.ctx;
      context.save();
      context.font = `12px ${Chart.defaults.font.family}`;
      context.textBaseline = "middle";
      for (const { at, x, y, set } of labels) {
        context.strokeStyle = context.fillStyle = set.borderColor;
        context.globalAlpha = .5;
        context.beginPath(); context.moveTo(x, y); context.lineTo(area.right + 6, at); context.stroke();
        context.globalAlpha = 1;
        context.fillStyle = color("--ink");
        context.fillText(short(set.label), area.right + 9, at);
        context.fillStyle = set.borderColor;
        context.fillRect(area.right + 4, at - 5, 3, 10);
      }
      context.restore();
    },
  };

  function datasets(spec) {
    const sets = [];
    for (const series of spec.series) {
      const main = hue(series.style);
      const points = series.x.map((x, i) => ({
        x: spec.kind === "bars" ? spec.categories[x] : x, y: series.y[i],
        yRange: series.yRange && series.yRange[i], xRange: series.xRange && series.xRange[i],
      }));
      const isLine = spec.kind === "lines" || series.dashed;
      if (isLine && series.yRange) {
        for (const end of [0, 1]) {
          sets.push({
            label: series.name, band: true, type: "line", showLine: true, pointRadius: 0,
            pointHitRadius: 0, borderWidth: 0, fill: end ? "-1" : false,
            backgroundColor: faint(main),
            data: points.filter(p => p.yRange).map(p => ({ x: p.x, y: p.yRange[end] })),
          });
        }
      }
      sets.push({
        label: series.name, data: points,
        type: spec.kind === "bars" ? "bar" : isLine ? "line" : "scatter",
        showLine: isLine, stepped: series.stepped ? "after" : false, borderColor: main, backgroundColor: spec.kind === "bars" ? main + "d0" : main,
        borderWidth: spec.kind === "bars" ? 0 : 2,
        borderDash: series.dashed ? [4, 4] : isLine ? dashes[series.style % dashes.length] : [],
        pointStyle: shapes[series.style % shapes.length],
        pointBackgroundColor: isHollow(series.style) ? color("--panel") : main,
        pointBorderWidth: 2,
        pointRadius: (spec.kind === "scatter" || spec.kind === "dots") && !series.dashed ? 6 : series.marks ? 3 : 0,
        pointHitRadius: 8, pointHoverRadius: 6, whiskers: !isLine, tension: 0,
        // Marks at the sides are whole.
        clip: 7,
        categoryPercentage: .8, barPercentage: .92,
        // Later lines, which are broken ones, over the first: where all are equal, all are seen.
        order: (series.dashed ? -100 : 0) - (isLine ? spec.series.indexOf(series) : 0),
      });
    }
    return sets;
  }

  // The words of a text in lines of about so many letters.
  function lines(text, letters) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length >= letters) lines.push(word);
      else lines[lines.length - 1] = last ? last + " " + word : word;
    }
    return lines;
  }

  function axis(spec, which) {
    const side = spec[which];
    const category = spec.kind === "bars" && which === "x";
    if (spec.kind === "dots" && which === "y") {
      const narrow = innerWidth < 480;
      return {
        type: "linear", reverse: true, min: -.6, max: spec.categories.length - .4,
        grid: { color: color("--grid") },
        afterBuildTicks: axis => { axis.ticks = spec.categories.map((_, value) => ({ value })); },
        ticks: {
          color: color("--ink"), autoSkip: false,
          callback: value => lines(spec.categories[value] || "", narrow ? 14 : 30),
        },
      };
    }
    const scale = {
      type: category ? "category" : side.log ? "logarithmic" : "linear",
      title: { display: Boolean(side.label), text: side.label, color: color("--soft") },
      grid: { color: color("--grid"), drawBorder: false, display: !category },
      ticks: { color: color("--soft"), maxRotation: category ? 40 : 0, autoSkipPadding: 12 },
    };
    if (category) {
      scale.labels = spec.categories;
      // Every category is named: in several lines where there is room, aslant on a phone.
      scale.ticks.autoSkip = false;
      if (innerWidth >= 480) {
        scale.ticks.maxRotation = 0;
        scale.ticks.callback = index => lines(spec.categories[index], 14);
      }
      return scale;
    }
    scale.ticks.callback = value => tick(value, side.log);
    const values = spec.series.flatMap(
      s => s[which].concat((s[which + "Range"] || []).filter(Boolean).flat()))
      .filter(v => !side.log || v > 0);
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    if (side.log) {
      const room = Math.max(1.05, Math.pow(high / low, .02));
      scale.min = low / room;
      scale.max = high * room;
      // A range within a decade or so has too few powers of ten.
      if (high / low < 30) {
        scale.ticks.callback = value => {
          const lead = value / Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
          return [1, 2, 3, 5].some(m => Math.abs(lead - m) < 1e-6) ? figure(value) : "";
        };
      }
    } else {
      const room = (high - low || Math.abs(high) || 1) * .04;
      // Lines that all run far above 0 would lie on each other.
      const isHigh = spec.kind === "scatter" || spec.kind === "lines" && low > .6 * high;
      scale.suggestedMin = low < 0 || isHigh ? low - room : 0;
      if (spec.kind === "dots") scale.suggestedMax = Math.max(0, high + room);
      if (spec.kind !== "dots") scale.suggestedMax = high + room;
      // Lines go from side to side.
      if (spec.kind === "lines" && which === "x" && low < high) {
        scale.min = low;
        scale.max = high;
        scale.ticks.includeBounds = false;
      }
    }
    if (spec.kind === "bars" && which === "y") scale.beginAtZero = true;
    // Shares end at 100 %.
    if (side.label.endsWith("%") && low >= 0 && high <= 100 && high > 90) scale.max = 100;
    return scale;
  }

  function draw(spec) {
    const host = document.getElementById(spec.id);
    const canvas = host.querySelector("canvas");
    const small = host.clientWidth < 480;
    if (spec.kind === "dots") {
      host.querySelector(".chart").style.height = 4.5 + spec.categories.length * 2.1 + "rem";
    }
    const right = isLabelled(spec)
      ? Math.min(170, 16 + 6.6 * Math.max(...spec.series.map(s => short(s.name).length))) : 4;
    specs.set(canvas, spec);
    const chart = new Chart(canvas, {
      type: spec.kind === "bars" ? "bar" : "line",
      data: { datasets: datasets(spec) },
      plugins: [shade, whiskers, names],
      options: {
        responsive: true, maintainAspectRatio: false, animation: false, normalized: true,
        parsing: true, font: { family: "inherit" },
        interaction: spec.kind === "bars"
          ? { mode: "index", intersect: false }
          : { mode: "nearest", axis: spec.kind === "lines" ? "x" : "xy", intersect: false },
        scales: { x: axis(spec, "x"), y: axis(spec, "y") },
        layout: { padding: small ? 0 : { top: 4, left: 4, bottom: 4, right } },
        plugins: {
          legend: { display: false },
          tooltip: {
            filter: item => !item.dataset.band,
            callbacks: {
              title: () => "",
              label: item => words(spec, item.dataset, item.raw),
            },
          },
        },
      },
    });
    charts.set(spec.id, chart);
    legend(host, spec, chart);
    keys(canvas, spec, chart);
    numbers(host, spec);
  }

  function words(spec, set, point) {
    if (spec.kind === "dots") {
      return set.label + ": " + spec.x.label + " " + figure(point.x)
        + (point.xRange ? " (" + point.xRange.map(figure).join(" to ") + ")" : "");
    }
    const x = spec.kind === "bars" ? point.x : figure(point.x);
    let text = set.label + ": " + (spec.kind === "bars" ? x + ", " : spec.x.label + " " + x + ", ")
      + spec.y.label + " " + figure(point.y);
    if (point.yRange) text += " (" + point.yRange.map(figure).join(" to ") + ")";
    return text;
  }

  function legend(host, spec, chart) {
    const box = host.querySelector(".legend");
    box.replaceChildren();
    for (const series of spec.series) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      const main = hue(series.style);
      const dash = (series.dashed ? [4, 4] : dashes[series.style % dashes.length]).join(" ");
      button.innerHTML = spec.kind === "lines" || series.dashed
        ? `<svg viewBox="0 0 32 16" aria-hidden="true"><path d="M0 8h32" stroke="${main}" stroke-width="3" stroke-dasharray="${dash}"/>${series.marks ? `<circle cx="16" cy="8" r="5" fill="${main}"/>` : ""}</svg>`
        : `<svg viewBox="0 0 32 16" aria-hidden="true"><rect x="8" width="16" height="16" rx="2" fill="${main}"/></svg>`;
      button.append(series.name);
      button.addEventListener("click", () => {
        const isOn = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", String(isOn));
        chart.data.datasets.forEach((set, index) => {
          if (set.label === series.name) chart.setDatasetVisibility(index, isOn);
        });
        chart.update();
      });
      box.append(button);
    }
    box.hidden = spec.kind === "dots" || spec.series.length < 2;
  }

  // Left and right move along a series, up and down between series.
  function keys(canvas, spec, chart) {
    let set = -1, place = 0;
    canvas.addEventListener("keydown", event => {
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      const shown = chart.data.datasets.map((d, i) => i)
        .filter(i => !chart.data.datasets[i].band && chart.isDatasetVisible(i));
      if (!shown.length) return;
      let row = shown.indexOf(set);
      row = row < 0 ? 0 : (row + step[0] + shown.length) % shown.length;
      const length = chart.data.datasets[shown[row]].data.length;
      place = set < 0 ? 0 : Math.min(length - 1, Math.max(0, place + step[1]));
      set = shown[row];
      const active = [{ datasetIndex: set, index: place }];
      const element = chart.getDatasetMeta(set).data[place];
      chart.setActiveElements(active);
      chart.tooltip.setActiveElements(active, { x: element.x, y: element.y });
      chart.update();
      reader.textContent = words(spec, chart.data.datasets[set], chart.data.datasets[set].data[place]);
    });
    canvas.addEventListener("blur", () => {
      set = -1;
      chart.setActiveElements([]);
      chart.tooltip.setActiveElements([], { x: 0, y: 0 });
      chart.update();
    });
  }

  function numbers(host, spec) {
    const details = host.querySelector(".numbers");
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      const wrap = document.createElement("div");
      wrap.className = "table";
      const table = document.createElement("table");
      const row = cells => {
        const line = table.insertRow();
        cells.forEach((cell, index) => {
          const box = document.createElement(index ? "td" : "th");
          box.textContent = cell;
          line.append(box);
        });
      };
      if (spec.kind === "dots") {
        row(["", spec.x.label, "interval"]);
        for (const series of spec.series) {
          series.x.forEach((x, i) => row([
            series.name, figure(x),
            series.xRange && series.xRange[i] ? series.xRange[i].map(figure).join(" to ") : "",
          ]));
        }
        wrap.append(table);
        details.append(wrap);
        return;
      }
      row(["series", spec.kind === "bars" ? "" : spec.x.label, spec.y.label, "interval"]);
      for (const series of spec.series) {
        series.x.forEach((x, i) => row([
          series.name, spec.kind === "bars" ? spec.categories[x] : figure(x), figure(series.y[i]),
          series.yRange && series.yRange[i] ? series.yRange[i].map(figure).join(" to ") : "",
        ]));
      }
      wrap.append(table);
      details.append(wrap);
    });
  }

  const home = spec => document.getElementById(spec.id);
  // What is folded away has no size yet: it is drawn when it is opened.
  function redraw() {
    for (const chart of charts.values()) chart.destroy();
    charts.clear();
    page.figures.filter(spec => !home(spec).closest(".part:not([open])")).forEach(draw);
  }
  for (const part of document.querySelectorAll(".part")) {
    part.addEventListener("toggle", () => {
      if (!part.open || !window.Chart) return;
      page.figures.filter(spec => !charts.has(spec.id) && part.contains(home(spec))).forEach(draw);
    });
  }

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    if (window.Chart) redraw();
  });
  if (!window.Chart) {
    for (const spec of page.figures) {
      const host = document.getElementById(spec.id);
      host.querySelector(".chart").remove();
      numbers(host, spec);
    }
    return;
  }
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  redraw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // On paper everything is light, and tables that are folded away are open.
  let onScreen = null;
  addEventListener("beforeprint", () => {
    if (onScreen) return;
    const folded = [...document.querySelectorAll("details:not(.numbers):not([open])")];
    onScreen = { theme: root.dataset.theme, folded };
    for (const details of folded) details.open = true;
    root.dataset.theme = "light";
    redraw();
  });
  addEventListener("afterprint", () => {
    if (!onScreen) return;
    for (const details of onScreen.folded) details.open = false;
    if (onScreen.theme) root.dataset.theme = onScreen.theme; else delete root.dataset.theme;
    onScreen = null;
    redraw();
  });
  root.dataset.charts = String(charts.size);
})();
