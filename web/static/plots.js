// Charts that stand as SVG get a crosshair with exact values: drawn anew by uPlot, which is loaded where there are any.
"use strict";
(() => {
  const own = document.currentScript;
  const HEIGHT = 240, NARROW = 420, CANDLE_SHARE = 0.7;
  const drawn = new WeakMap();
  let loading = null;

  const load = () => loading ??= new Promise((done, failed) => {
    const style = document.createElement("link"), script = document.createElement("script");
    Object.assign(style, { rel: "stylesheet", href: own.dataset.style });
    Object.assign(script, { src: own.dataset.script, onload: done, onerror: failed });
    document.head.append(style, script);
  });

  const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const PAPER = colour("--paper"), INK = colour("--ink"), FAINT = colour("--faint"), LINE = colour("--line"), ACCENT = colour("--accent");
  const BETTER = colour("--better-mark"), WORSE = colour("--worse-mark");

  const wib = (options) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Jakarta", ...options });
    return (seconds) => format.format(new Date(seconds * 1000));
  };
  const clock = wib({ hour: "2-digit", minute: "2-digit" });
  const day = wib({ weekday: "short", day: "numeric", month: "short" });
  const second = wib({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const moment = (seconds) => `${day(seconds).replace(",", "")} ${second(seconds)} WIB`;
  const r = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)} R`;

  const font = "12px system-ui, sans-serif";
  const axis = (more) => ({ stroke: FAINT, font, grid: { stroke: LINE, width: 1 }, ticks: { show: false }, ...more });
  const times = axis({
    space: 70,
    values: (_plot, splits) => splits.map((at, place) =>
      place === 0 || day(at) !== day(splits[place - 1]) ? `${clock(at)}\n${day(at)}` : clock(at)),
    size: 44,
  });
  const inWib = (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Asia/Jakarta");

  // context of the canvas, a point's place in its pixels
  const pen = (plot) => ({ c: plot.ctx, x: (v) => plot.valToPos(v, "x", true), y: (v) => plot.valToPos(v, "y", true), px: devicePixelRatio });
  const stroke = ({ c, px }, way, style, width = 1, dash = []) => {
    c.save();
    c.beginPath();
    c.strokeStyle = style;
    c.lineWidth = width * px;
    c.setLineDash(dash.map((one) => one * px));
    way(c);
    c.stroke();
    c.restore();
  };
  const across = (plot, value, style, dash) => {
    const p = pen(plot), y = p.y(value);
    stroke(p, (c) => { c.moveTo(plot.bbox.left, y); c.lineTo(plot.bbox.left + plot.bbox.width, y); }, style, 1, dash);
  };

  // each kind: its columns, how it is drawn, what is read at a place; `now` holds the points as they are at present
  const KINDS = {
    curve: (now) => ({
      columns: () => [now.points.map((one) => one[0]), now.points.map((one) => one[1])],
      read: (at) => `${moment(now.points[at][0])} · ${r(now.points[at][1])}`,
      options: {
        tzDate: inWib,
        scales: { y: { range: (_plot, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(0, high), 0.1, true) } },
        axes: [times, axis({ size: 64, values: (_plot, splits) => splits.map((one) => one === 0 ? "0 R" : `${one > 0 ? "+" : "−"}${Math.abs(one)} R`) })],
        series: [{}, { stroke: ACCENT, width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) }],
        hooks: { drawClear: [(plot) => across(plot, 0, FAINT(), [])] },
      },
    }),
    bins: (now) => ({
      columns: () => [now.points.map((_one, at) => at), now.points.map((one) => one.rate)],
      read: (at) => now.points[at].says,
      open: (at) => now.points[at].n ? now.points[at].to : null,
      options: {
        scales: { x: { time: false, range: () => [-0.5, now.points.length - 0.5] }, y: { range: [0, 1] } },
        cursor: { drag: { x: false, y: false } },
        axes: [
          axis({ grid: { show: false }, stroke: INK, font: now.narrow ? "11px system-ui, sans-serif" : font, size: 44, splits: () => now.points.map((_one, at) => at), values: () => now.points.map((one) => `${one.label}\nn=${one.n}`) }),
          axis({ size: 40, splits: () => [0, 0.25, 0.5, 0.75, 1], values: (_plot, splits) => splits.map((one) => one.toFixed(2)) }),
        ],
        series: [{}, { stroke: ACCENT, width: 0, points: { show: true, size: 10, fill: ACCENT, stroke: ACCENT } }],
        hooks: { draw: [(plot) => {
          const p = pen(plot);
          now.points.forEach((one, at) => {
            if (one.low !== null) stroke(p, (c) => { c.moveTo(p.x(at), p.y(one.low)); c.lineTo(p.x(at), p.y(one.high)); }, ACCENT(), 2);
          });
        }] },
      },
    }),
    path: (now) => ({
      columns: () => [0, 1, 2, 3, 4].map((column) => now.points.candles.map((one) => one[column])),
      read: (at) => {
        const [when, open, high, low, close] = now.points.candles[at];
        return `${moment(when)} · open ${open} high ${high} low ${low} close ${close}`;
      },
      options: {
        tzDate: inWib,
        scales: { y: { range: (_plot, low, high) => {
          const all = [low, high, ...now.points.levels.map((one) => one.at), ...now.points.marks.map((one) => one[2])];
          return uPlot.rangeNum(Math.min(...all), Math.max(...all), 0.06, false);
        } } },
        axes: [times, axis({ size: 76 })],
        series: [{}, ...["open", "high", "low", "close"].map(() => ({ stroke: FAINT, width: 0, points: { show: false }, paths: () => null }))],
        cursor: { points: { show: false } },
        hooks: { draw: [(plot) => candles(plot, now.points)] },
      },
    }),
  };

  const candles = (plot, { candles: all, levels, moments, marks }) => {
    const p = pen(plot), wide = Math.max(1, CANDLE_SHARE * plot.bbox.width / Math.max(all.length, 1));
    p.c.save();
    p.c.beginPath();
    p.c.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    p.c.clip();
    for (const [at, open, high, low, close] of all) {
      const style = close >= open ? BETTER() : WORSE();
      stroke(p, (c) => { c.moveTo(p.x(at), p.y(high)); c.lineTo(p.x(at), p.y(low)); }, style);
      p.c.fillStyle = style;
      p.c.fillRect(p.x(at) - wide / 2, Math.min(p.y(open), p.y(close)), wide, Math.max(p.px, Math.abs(p.y(open) - p.y(close))));
    }
    p.c.font = `${12 * p.px}px system-ui, sans-serif`;
    p.c.fillStyle = INK();
    p.c.textAlign = "left";
    p.c.textBaseline = "bottom";
    p.c.strokeStyle = PAPER();
    p.c.lineWidth = 4 * p.px;
    let last = plot.bbox.top;  // no word is cut at the edge
    for (const one of [...levels].sort((a, b) => b.at - a.at)) {
      across(plot, one.at, INK(), [6, 4]);
      last = Math.max(p.y(one.at) - 2 * p.px, last + 14 * p.px);  // words stand apart, whatever the prices do
      p.c.strokeText(one.says, plot.bbox.left + 4 * p.px, last);
      p.c.fillText(one.says, plot.bbox.left + 4 * p.px, last);
    }
    for (const [place, one] of moments.entries()) {
      const at = p.x(one.at) + 4 * p.px, below = plot.bbox.top + plot.bbox.height - (4 + 14 * place) * p.px;
      stroke(p, (c) => { c.moveTo(p.x(one.at), plot.bbox.top); c.lineTo(p.x(one.at), plot.bbox.top + plot.bbox.height); }, FAINT(), 1, [2, 3]);
      p.c.strokeText(one.says, at, below);
      p.c.fillText(one.says, at, below);
    }
    const STYLES = { in: ACCENT, out: ACCENT, worse: WORSE, better: BETTER };
    for (const [kind, at, price, corners] of marks) {
      p.c.beginPath();
      for (const [dx, dy] of corners) p.c.lineTo(p.x(at) + 6 * dx * p.px, p.y(price) + 6 * dy * p.px);
      p.c.closePath();
      p.c.lineWidth = 4 * p.px;
      p.c.strokeStyle = PAPER();
      p.c.stroke();
      p.c.fillStyle = STYLES[kind]();
      p.c.fill();
    }
    p.c.restore();
  };

  const begin = (figure) => {
    const now = { said: figure.dataset.points, points: JSON.parse(figure.dataset.points), narrow: figure.clientWidth < NARROW };
    const kind = KINDS[figure.dataset.plot](now);
    const place = document.createElement("div"), reading = document.createElement("p");
    place.className = "drawn";
    place.dataset.own = reading.dataset.own = "";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", figure.querySelector("svg").getAttribute("aria-label"));
    reading.className = "reading";
    figure.append(place, reading);
    const last = () => kind.columns()[1].length - 1;
    const read = (at) => { reading.textContent = at === null ? (kind.open ? "Point at a bin for its numbers, tap it for its signals." : kind.read(last())) : kind.read(at); };
    now.plot = new uPlot({
      width: figure.clientWidth, height: HEIGHT, legend: { show: false }, ...kind.options,
      hooks: { ...kind.options.hooks, setCursor: [(plot) => read(plot.cursor.idx ?? null)] },
    }, kind.columns(), place);
    now.again = () => { now.plot.setData(kind.columns()); read(now.plot.cursor.idx ?? null); };
    read(null);
    if (kind.open) {
      now.plot.over.classList.add("opens");
      now.plot.over.addEventListener("click", () => {
        const to = now.plot.cursor.idx === null ? null : kind.open(now.plot.cursor.idx);
        if (to) location.href = to;
      });
    }
    now.plot.over.addEventListener("touchmove", (event) => {
      const box = now.plot.over.getBoundingClientRect(), [touch] = event.touches;
      now.plot.setCursor({ left: touch.clientX - box.left, top: touch.clientY - box.top });
    }, { passive: true });
    new ResizeObserver(() => {
      if (figure.clientWidth && figure.clientWidth !== now.plot.width) now.plot.setSize({ width: figure.clientWidth, height: HEIGHT });
    }).observe(figure);
    drawn.set(figure, now);
  };

  const look = async () => {
    const figures = [...document.querySelectorAll("figure.plot[data-points]")];
    if (!figures.length) return;
    await load();
    for (const figure of figures) {
      const now = drawn.get(figure);
      if (!now) begin(figure);
      else if (now.said !== figure.dataset.points) {
        now.said = figure.dataset.points;
        now.points = JSON.parse(now.said);
        now.again();
      }
    }
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const figure of document.querySelectorAll("figure.plot")) drawn.get(figure)?.plot.redraw(false, true);
  });
  document.addEventListener("signaltape:fresh", look);
  look();
})();
