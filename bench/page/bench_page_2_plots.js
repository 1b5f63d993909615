// --- Figures: a plot that is drawn anew for each width, and the table behind it --------------------------------------

let figures = 0;

function figure(id, title, text, draw, targets, behind) {
  const number = ++figures;
  const plot = el("div", {class: "plot"});
  let width = 0;
  const redraw = () => {
    const now = Math.max(300, Math.round(plot.clientWidth || 720));
    if (now === width) return;
    width = now;
    const {height, parts} = draw(width);
    plot.replaceChildren(svg("svg", {viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
                                     "aria-labelledby": `plot${number}-title plot${number}-desc`},
      svg("title", {id: `plot${number}-title`}, title), svg("desc", {id: `plot${number}-desc`}, text), parts));
  };
  const node = el("figure", {id}, el("figcaption", {}, el("h3", {}, title), el("p", {}, text)),
    targets && targets.length ? legend(targets) : null, plot,
    behind ? el("details", {}, el("summary", {}, "The figures as a table"), behind) : null);
  new ResizeObserver(() => requestAnimationFrame(redraw)).observe(plot);
  queueMicrotask(redraw);
  return node;
}

// --- Scales ---------------------------------------------------------------------------------------------------------

const linear = (lo, hi, from, to) => value => from + (value - lo) / (hi - lo) * (to - from);
const logarithmic = (lo, hi, from, to) => value =>
  from + (Math.log(value) - Math.log(lo)) / (Math.log(hi) - Math.log(lo)) * (to - from);

// Round numbers within [lo, hi], as close as `most` of them allow.
function logTicks(lo, hi, most) {
  const ticks = mantissas => {
    const found = [];
    for (let exponent = Math.floor(Math.log10(lo)); exponent <= Math.ceil(Math.log10(hi)); exponent++)
      for (const mantissa of mantissas) {
        const value = Number((mantissa * 10 ** exponent).toPrecision(3));
        if (value >= lo * 0.999 && value <= hi * 1.001) found.push(value);
      }
    return found;
  };
  for (const mantissas of [[1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]])
    if (ticks(mantissas).length <= most) return ticks(mantissas);
  const decades = ticks([1]);
  return decades.filter((_, i) => i % Math.ceil(decades.length / most) === 0);
}

function powersOfTwo(lo, hi, most) {
  const ticks = [];
  for (let exponent = Math.ceil(Math.log2(lo) - 1e-9); 2 ** exponent <= hi * 1.001; exponent++) ticks.push(2 ** exponent);
  const step = Math.ceil(ticks.length / most);
  return ticks.filter((_, i) => i % step === 0);
}

const extent = values => [Math.min(...values), Math.max(...values)];
const plain = value => value >= 1e5 || value < 1e-4 && value > 0 ? value.toExponential(0).replace("e+", "e") : String(value);

// The frame of a plot with two logarithmic axes.
function frame(width, height, x, y) {
  const box = {left: 52, right: width - 14, top: 26, bottom: height - 42};
  const sx = logarithmic(x.lo, x.hi, box.left, box.right), sy = logarithmic(y.lo, y.hi, box.bottom, box.top);
  const parts = [];
  for (const value of x.ticks)
    parts.push(svg("line", {class: "grid", x1: sx(value), x2: sx(value), y1: box.top, y2: box.bottom}),
      svg("text", {class: "tick", x: sx(value), y: box.bottom + 16, "text-anchor": "middle"}, x.text(value)));
  for (const value of y.ticks)
    parts.push(svg("line", {class: "grid", x1: box.left, x2: box.right, y1: sy(value), y2: sy(value)}),
      svg("text", {class: "tick", x: box.left - 7, y: sy(value) + 4, "text-anchor": "end"}, plain(value)));
  parts.push(svg("line", {class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom}),
    svg("text", {class: "label", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle"}, x.label),
    svg("text", {class: "label", x: 4, y: 14}, y.label));
  return {box, sx, sy, parts};
}

const path = points => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// --- Lines over size ----------------------------------------------------------------------------------------------

// series: [{target, dash, points: [{x, y, text}]}]; roofs: [{y, text}]
function lines(width, series, roofs, xLabel, yLabel) {
  const points = series.flatMap(s => s.points), height = 300;
  const [xlo, xhi] = extent(points.map(p => p.x));
  const [ylo, yhi] = extent([...points.map(p => p.y), ...roofs.map(roof => roof.y)]);
  const f = frame(width, height, {lo: xlo / 1.15, hi: xhi * 1.15, text: sizeText, label: xLabel,
                                  ticks: powersOfTwo(xlo, xhi, width / 55)},
    {lo: ylo / 1.3, hi: yhi * 1.35, ticks: logTicks(ylo / 1.3, yhi * 1.35, 8), label: yLabel});
  for (const roof of roofs)
    f.parts.push(svg("line", {class: "roof", x1: f.box.left, x2: f.box.right, y1: f.sy(roof.y), y2: f.sy(roof.y)}),
      svg("text", {class: "rooftext", x: f.box.right - 2, y: f.sy(roof.y) - 5, "text-anchor": "end"}, roof.text));
  for (const s of series) {
    const at = s.points.map(p => [f.sx(p.x), f.sy(p.y)]);
    f.parts.push(svg("path", {class: s.dash ? "curve dashed" : "curve", d: path(at), style: `stroke:${colour(s.target)}`}));
    s.points.forEach((p, i) => f.parts.push(svg("circle", {class: "dot", cx: at[i][0], cy: at[i][1], r: 4,
                                                           style: `fill:${colour(s.target)}`}, tip(p.text))));
  }
  return {height, parts: f.parts};
}

// --- Bars and dots in rows ------------------------------------------------------------------------------------------

const fit = (text, room) => text.length * 6.4 <= room ? text : text.slice(0, Math.max(3, Math.floor(room / 6.4) - 1)) + "…";

// rows: [{label, bars: [{target, value, text, tip}]}], a mark at 1. The label stands above its bars.
function bars(width, rows, xLabel, markText) {
  const values = rows.flatMap(row => row.bars.map(bar => bar.value));
  const hi = Math.max(1.2, ...values) * 1.02, left = 8, right = width - 78;
  const sx = linear(0, hi, left, right), parts = [];
  let y = 24;
  for (const row of rows) {
    parts.push(svg("text", {class: "rowlabel", x: left, y: y + 13}, fit(row.label, width - 16)));
    y += 20;
    for (const bar of row.bars) {
      parts.push(svg("rect", {class: "bar", x: left, y, width: Math.max(2, sx(bar.value) - left), height: 13, rx: 2.5,
                              style: `fill:${colour(bar.target)}`}, tip(bar.tip)),
        svg("text", {class: "value", x: sx(bar.value) + 6, y: y + 11}, bar.text));
      y += 17;
    }
    y += 8;
  }
  parts.unshift(svg("line", {class: "mark", x1: sx(1), x2: sx(1), y1: 20, y2: y}),
    svg("text", {class: "rooftext", x: sx(1) + 4, y: 14}, markText));
  parts.push(svg("text", {class: "label", x: left, y: y + 16}, xLabel));
  return {height: y + 26, parts};
}

// rows: [{label, dots: [{target, value, tip}]}] around 1 on a logarithmic axis.
function ratios(width, rows, less, more) {
  const values = rows.flatMap(row => row.dots.map(dot => dot.value));
  const reach = Math.max(1.6, ...values.map(value => Math.max(value, 1 / value))) * 1.12;
  const lowest = Math.max(1 / reach, Math.min(0.7, ...values) / 1.15), highest = Math.min(reach, Math.max(1.5, ...values) * 1.15);
  const narrow = width < 560; // the label then stands above its dots
  const left = narrow ? 10 : 270, right = width - 12, step = narrow ? 36 : 22, top = 40;
  const sx = logarithmic(lowest, highest, left, right), height = top + rows.length * step + 26, parts = [];
  for (const value of logTicks(lowest, highest, (right - left) / 48))
    parts.push(svg("line", {class: "grid", x1: sx(value), x2: sx(value), y1: top - 6, y2: height - 24}),
      svg("text", {class: "tick", x: sx(value), y: height - 8, "text-anchor": "middle"}, `${plain(value)}×`));
  rows.forEach((row, i) => {
    if (i % 2 === 0) parts.push(svg("rect", {class: "stripe", x: 0, y: top + i * step, width, height: step}));
  });
  parts.push(svg("line", {class: "mark", x1: sx(1), x2: sx(1), y1: top - 8, y2: height - 24}),
    svg("text", {class: "rooftext", x: sx(1) - 7, y: 14, "text-anchor": "end"}, `◂ ${less}`),
    svg("text", {class: "rooftext", x: Math.min(sx(1) + 7, right - more.length * 5.6 - 14), y: 28}, `${more} ▸`));
  rows.forEach((row, i) => {
    const y = top + i * step + (narrow ? 25 : step / 2);
    parts.push(svg("text", {class: "rowlabel", x: 6, y: narrow ? y - 11 : y + 4},
      fit(row.label, narrow ? width - 12 : left - 14), tip(row.label)));
    for (const dot of row.dots)
      parts.push(svg("line", {class: "stem", x1: sx(1), x2: sx(dot.value), y1: y, y2: y, style: `stroke:${dot.fill || colour(dot.target)}`}));
    for (const dot of row.dots)
      parts.push(svg("circle", {class: "dot", cx: sx(dot.value), cy: y, r: 5, style: `fill:${dot.fill || colour(dot.target)}`},
        tip(dot.tip)));
  });
  return {height, parts};
}

// --- The roofline -----------------------------------------------------------------------------------------------------

// Labels where none is in the way yet; the highest points first.
function placeLabels(points, box) {
  const taken = points.map(p => [p.x - 5, p.x + 5, p.y - 5, p.y + 5]), parts = [];
  for (const p of [...points].sort((a, b) => a.y - b.y)) {
    const wide = p.label.length * 5.9;
    for (const [x, anchor] of [[p.x + 8, "start"], [p.x - 8, "end"]]) {
      const area = [anchor === "start" ? x : x - wide, anchor === "start" ? x + wide : x, p.y - 7, p.y + 6];
      const free = area[0] > box.left && area[1] < box.right &&
        !taken.some(t => t[0] < area[1] && area[0] < t[1] && t[2] < area[3] && area[2] < t[3]);
      if (!free) continue;
      taken.push(area);
      parts.push(svg("text", {class: "pointlabel", x, y: p.y + 4, "text-anchor": anchor}, p.label));
      break;
    }
  }
  return parts;
}

// points: [{target, intensity, rate, label, text}]; limits: [{name, flops, memory, cache}]
function roofline(width, points, limits) {
  const height = Math.min(460, Math.max(340, width * 0.55));
  const [xlo, xhi] = extent([...points.map(p => p.intensity), 0.0625, 64]);
  const [ylo, yhi] = extent([...points.map(p => p.rate), ...limits.map(l => l.flops)]);
  const x = {lo: xlo / 1.4, hi: xhi * 1.6}, y = {lo: ylo / 1.6, hi: yhi * 2};
  const f = frame(width, height, {...x, ticks: powersOfTwo(x.lo, x.hi, width / 60), label: "operations per byte of memory traffic",
                                  text: value => value >= 1 ? String(value) : `1/${1 / value}`},
    {...y, ticks: logTicks(y.lo, y.hi, 8), label: "GFLOP/s"});
  for (const limit of limits) {
    for (const [bandwidth, name] of [[limit.memory, "memory"], [limit.cache, "cache"]]) {
      if (!bandwidth || name === "cache" && bandwidth < limit.memory * 1.1) continue;
      const ridge = limit.flops / bandwidth, start = Math.max(x.lo, y.lo / bandwidth);
      const points = [[f.sx(start), f.sy(start * bandwidth)], [f.sx(ridge), f.sy(limit.flops)], [f.sx(x.hi), f.sy(limit.flops)]];
      const slope = Math.atan2(points[1][1] - points[0][1], points[1][0] - points[0][0]) * 180 / Math.PI;
      const middle = [points[0][0] * 0.55 + points[1][0] * 0.45, points[0][1] * 0.55 + points[1][1] * 0.45 - 7];
      f.parts.push(svg("path", {class: name === "cache" ? "roof dashed" : "roof", d: path(points)}),
        svg("text", {class: "rooftext", "text-anchor": "middle",
                     transform: `translate(${middle[0].toFixed(1)} ${middle[1].toFixed(1)}) rotate(${slope.toFixed(1)})`},
          `${limit.name} ${name} ${digits(bandwidth)} GB/s`));
    }
    f.parts.push(svg("text", {class: "rooftext", x: f.box.right - 2, y: f.sy(limit.flops) - 6, "text-anchor": "end"},
      `${limit.name} ${digits(limit.flops)} GFLOP/s`));
  }
  const placed = points.map(p => ({...p, x: f.sx(p.intensity), y: f.sy(p.rate)}));
  f.parts.push(...placeLabels(placed.filter(p => p.target === placed[0].target), f.box));
  for (const p of placed)
    f.parts.push(svg("circle", {class: "dot", cx: p.x, cy: p.y, r: 4.5, style: `fill:${colour(p.target)}`}, tip(p.text)));
  return {height, parts: f.parts};
}
