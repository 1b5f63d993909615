// --- Sections: each is null where the results have nothing for it -----------------------------------------------------

const section = (id, title, text, ...content) => el("section", {id}, el("h2", {}, title),
  text ? el("p", {class: "lead"}, text) : null, content);

const notOperations = allCases.filter(what => what.suite !== "ops");
const mine = devices.filter(id => allCases.some(what => timed(what, id)));
const first = mine.includes("cpu") ? "cpu" : mine[0];

function headSection() {
  const when = run.date ? run.date.replace("T", " ").replace("Z", " UTC") : "";
  const load = machine.load ? machine.load[0] : -1;
  const notes = [
    run.quick ? "Quick run: smaller sizes and few samples. A look, not a measurement." : null,
    run.interrupted ? "Interrupted: only what was measured until then." : null,
    load > (machine.processors || 1) ? `The load average was ${load.toFixed(1)} on ${machine.processors} processors: ` +
      "other work ran beside, and only large differences mean anything." : null].filter(Boolean);
  const facts = [["Processor", machine.processor && `${machine.processor}, ${machine.processors} processors, ` +
                  `${machine.threads} threads used`],
                 ["Memory", machine.memory_bytes && `${(machine.memory_bytes / 2 ** 30).toFixed(0)} GiB`],
                 ["System", machine.system], ["Load average", load >= 0 && load.toFixed(2)],
                 ["Library", run.version && `clgrad ${run.version}, commit ${run.commit}`]].filter(fact => fact[1]);
  return el("header", {}, el("p", {class: "eyebrow"}, "clgrad bench"),
    el("h1", {}, machine.processor || "Benchmark results"), el("p", {class: "when"}, when),
    notes.map(note => el("p", {class: "notice", role: "note"}, note)),
    el("dl", {class: "facts"}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

// --- Tiles ----------------------------------------------------------------------------------------------------------

const tile = (value, name, detail) => el("div", {class: "tile"}, el("strong", {}, value), el("span", {}, name),
  el("small", {}, detail || ""));

function tilesSection() {
  const tiles = [];
  const shares = notOperations.map(what => timed(what, first)).filter(entry => entry && entry.floor)
    .map(entry => entry.floor / entry.seconds.median).sort((a, b) => a - b);
  const products = allCases.filter(what => what.work === "matmul" && timed(what, first));
  const rate = what => amounts(what).flops / median(what, first) / 1e9;
  if (products.length) {
    const best = products.reduce((a, b) => rate(a) > rate(b) ? a : b);
    tiles.push(tile(`${digits(rate(best))} GFLOP/s`, `fastest product on ${first}`, best.title.split("/")[1]));
  }
  if (shares.length)
    tiles.push(tile(percentText(shares[Math.floor(shares.length / 2)]), `of the machine's limit on ${first}`,
                    `median of ${shares.length} cases`));
  const call = named("overhead/add_8"), step = allCases.find(what => /^train_.*batch_128$/.test(what.title));
  if (call && timed(call, first)) tiles.push(tile(timeText(median(call, first)), `an operation on 8 floats, ${first}`));
  if (step && timed(step, first)) tiles.push(tile(timeText(median(step, first)), `a training step, batch 128, ${first}`, step.work));
  for (const peer of peers.slice(0, 3)) {
    const both = allCases.filter(what => timed(what, first) && timed(what, peer));
    if (both.length)
      tiles.push(tile(ratioText(geometricMean(both.map(what => median(what, peer) / median(what, first)))),
                      `as fast as ${nameOf(peer)}, ${first}`, `geometric mean of ${both.length} cases`));
  }
  const compared = run.results.filter(entry => entry.against);
  if (compared.length) {
    const count = verdict => compared.filter(entry => entry.against.verdict === verdict).length;
    tiles.push(tile(`${count("slower")} slower, ${count("faster")} faster`, "than the earlier run", `of ${compared.length} compared`));
  }
  return tiles.length ? el("div", {class: "tiles", id: "key-figures"}, tiles) : null;
}

function devicesSection() {
  const rows = (run.devices || []).map(device => {
    const l = device.limits, rates = r => r ? `${digits(r.read / 1e9)} / ${digits(r.copy / 1e9)} / ${digits(r.triad / 1e9)}` : "–";
    return [device.id, device.name, `${device.platform}, ${device.driver}`, String(device.units),
            l ? digits(l.flops / 1e9) : "–", l ? rates(l.memory) : "–", l ? rates(l.cache) : "–"];
  });
  return rows.length ? section("devices", "Devices and their limits",
    "What the machine can do at best, measured at the start by loops that share nothing with the library. The column " +
    "“limit” of the results is the least time these allow over the median.",
    table(["device", "name", "driver", "units", "GFLOP/s", "memory: read / copy / triad, GB/s", "cache, GB/s"], rows,
          "Devices and limits")) : null;
}

// --- Against an earlier run ---------------------------------------------------------------------------------------------

function againstSection() {
  const compared = run.results.filter(entry => entry.against);
  if (!compared.length) return null;
  const changed = compared.filter(entry => entry.against.verdict !== "same")
    .sort((a, b) => a.against.ratio - b.against.ratio);
  const shown = changed.length ? changed : [...compared].sort((a, b) => a.against.ratio - b.against.ratio).slice(0, 12);
  const fills = {slower: "var(--bad)", faster: "var(--good)", same: "var(--soft)"};
  const rows = shown.slice(0, 60).map(entry => ({label: `${entry.case} · ${entry.target}`, dots: [
    {target: entry.target, value: entry.against.ratio, fill: fills[entry.against.verdict],
     tip: `${entry.case} on ${entry.target}: ${timeText(entry.seconds.median)}, then ${timeText(entry.against.median)}`}]}));
  const text = `${compared.length} compared with ${(against || {}).date || "the other file"}${(against || {}).commit ? `, commit ${against.commit}` : ""}. ` +
    "Slower or faster: more than 5 % in the median, with quartiles that do not overlap; what changed less is left out here" +
    (changed.length ? "." : ", and nothing changed more: the cases shown are the extremes.");
  return section("against", "Against the earlier run", null,
    figure("plot-against", "Then over now", text, width => ratios(width, rows, "slower now", "faster now"), [],
      table(["case", "on", "now", "then", "then / now", "verdict"], compared.map(entry =>
        [entry.case, entry.target, timeText(entry.seconds.median), timeText(entry.against.median),
         ratioText(entry.against.ratio), entry.against.verdict]), "This run and the earlier one")));
}

// --- Roofline -------------------------------------------------------------------------------------------------------------

function rooflineSection() {
  const points = notOperations.flatMap(what => mine.map(id => [what, id, timed(what, id)]))
    .filter(([what, , entry]) => entry && amounts(what).intensity > 0).map(([what, id, entry]) => {
      const {flops, bytes, intensity} = amounts(what), seconds = entry.seconds.median;
      const rate = (flops || bytes * intensity) / seconds / 1e9;
      return {target: id, intensity, rate, label: what.title.replace(/^map\//, ""),
              text: `${what.title} on ${id}: ${digits(rate)} GFLOP/s, ${intensity.toPrecision(3)} operations per byte, ${timeText(seconds)}`};
    });
  if (points.length < 2) return null;
  const limits = [], seen = new Set(); // devices that are this processor share its limits
  for (const device of run.devices || []) {
    if (!device.limits || seen.has(device.limits.flops)) continue;
    seen.add(device.limits.flops);
    const best = rates => Math.max(rates.read, rates.copy, rates.triad) / 1e9;
    limits.push({name: device.type === "gpu" ? device.id : "processor", flops: device.limits.flops / 1e9,
                 memory: best(device.limits.memory), cache: best(device.limits.cache)});
  }
  const text = "Each case by its operations per byte, and what it reaches. Above a roof's slope memory is the bound, under its " +
    "flat part arithmetic; cases whose data fits the last cache are bounded by the dashed roof. A function such as exp counts as one operation.";
  return section("roofline", "Roofline", null, figure("plot-roofline", "Arithmetic against memory", text,
    width => roofline(width, points, limits), mine,
    table(["case", "operations per byte", "GFLOP/s"], points.map(p => [`${p.label} on ${p.target}`, p.intensity.toPrecision(3), digits(p.rate)]),
          "Points of the roofline")));
}

// --- Speed over size ----------------------------------------------------------------------------------------------------------

// One curve per target: {x: size, y: rate} of the cases that belong, one for each size.
function curves(belongs, sizeOf, rateOf) {
  return [...mine, ...peers].map(target => {
    const points = new Map();
    for (const what of notOperations.filter(belongs)) {
      const seconds = median(what, target);
      if (!seconds) continue;
      const rate = rateOf(what) / seconds / 1e9;
      points.set(sizeOf(what), {x: sizeOf(what), y: rate, text: `${what.title} on ${nameOf(target)}: ${digits(rate)}, ${timeText(seconds)}`});
    }
    return {target, dash: peers.includes(target), points: [...points.values()].sort((a, b) => a.x - b.x)};
  }).filter(series => series.points.length > 1);
}

function sizeFigure(id, title, text, series, roofs, xLabel, yLabel) {
  if (!series.length) return null;
  const sizes = [...new Set(series.flatMap(s => s.points.map(p => p.x)))].sort((a, b) => a - b);
  const at = (s, x) => s.points.find(p => p.x === x);
  return figure(id, title, text, width => lines(width, series, roofs, xLabel, yLabel), series.map(s => s.target),
    table([xLabel, ...series.map(s => `${nameOf(s.target)}, ${yLabel}`)],
          sizes.map(x => [sizeText(x), ...series.map(s => at(s, x) ? digits(at(s, x).y) : "–")]), title));
}

function sizesSection() {
  const limits = ((run.devices || []).find(device => device.id === first) || {}).limits;
  const roof = (value, text) => limits ? [{y: value(limits) / 1e9, text: `${text} ${digits(value(limits) / 1e9)}`}] : [];
  const memory = [...roof(l => Math.max(l.memory.copy, l.memory.triad), "memory"), ...roof(l => Math.max(l.cache.copy, l.cache.triad), "cache")];
  const square = what => what.work === "matmul" && what.size[0] === what.size[1] && what.size[1] === what.size[2] && !what.size[3];
  const map = name => what => what.work === "map" && what.title.startsWith(`map/${name}_`);
  const bytes = what => amounts(what).bytes;
  const figures = [
    sizeFigure("plot-products", "Square products", "A product of two n × n matrices in f32.",
      curves(square, what => what.size[0], what => amounts(what).flops), roof(l => l.flops, "arithmetic"), "n", "GFLOP/s"),
    sizeFigure("plot-add", "Addition", "x + y of n floats: bytes read and written a second.",
      curves(map("add"), what => what.size[0], bytes), memory, "elements", "GB/s"),
    sizeFigure("plot-exp", "Exponential", "exp(x) of n floats: bytes read and written a second.",
      curves(map("exp"), what => what.size[0], bytes), memory, "elements", "GB/s"),
    sizeFigure("plot-softmax", "Softmax", "Rows of n floats, about a million in all: bytes read and written a second.",
      curves(what => what.work === "softmax", what => what.size[1], bytes), memory, "length of a row", "GB/s")].filter(Boolean);
  return figures.length ? section("sizes", "Speed over size", null, el("div", {class: "pair"}, figures)) : null;
}

// --- Devices and peers side by side --------------------------------------------------------------------------------------

function ratioFigure(id, title, text, targets, base, less, more) {
  const rows = notOperations.filter(what => timed(what, base) && targets.some(target => timed(what, target)))
    .map(what => ({label: what.title, dots: targets.filter(target => timed(what, target)).map(target => {
      const value = id === "plot-peers" ? median(what, target) / median(what, base) : median(what, base) / median(what, target);
      return {target, value, tip: `${what.title}: ${nameOf(target)} ${timeText(median(what, target))}, ${base} ${timeText(median(what, base))}`};
    })}));
  if (!rows.length) return null;
  return figure(id, title, text, width => ratios(width, rows, less, more), targets,
    table(["case", base, ...targets.flatMap(target => [nameOf(target), "ratio"])],
          rows.map(row => [row.label, timeText(median(named(row.label), base)), ...targets.flatMap(target => {
            const dot = row.dots.find(d => d.target === target);
            return dot ? [timeText(median(named(row.label), target)), ratioText(dot.value)] : ["–", "–"];
          })]), title));
}

function sideBySideSection() {
  const others = mine.filter(id => id !== first);
  if (!others.length) return null;
  const plot = ratioFigure("plot-devices", `Against ${first}`, `The time on ${first} over the time on each other device: to the right of 1 ` +
    `the device is faster, to the left ${first} is.`, others, first, `${first} is faster`, "the device is faster");
  return plot ? section("side-by-side", "Devices side by side", null, plot) : null;
}

function peersSection() {
  const present = peers.filter(peer => allCases.some(what => timed(what, peer) && timed(what, first)));
  if (!present.length) return null;
  const plot = ratioFigure("plot-peers", `Peers against ${first}`, `A peer's time over ${first}'s: to the right of 1 clgrad is faster.` +
    (against && against.versions ? ` ${against.versions.join("; ")}.` : ""), present, first, "the peer is faster", "clgrad is faster");
  return plot ? section("peers", "Other libraries", null, plot) : null;
}

// --- Training steps ---------------------------------------------------------------------------------------------------------

function trainingSection() {
  const steps = allCases.filter(what => what.suite === "train" && [...what.entries.values()].some(entry => entry.floor));
  const rows = steps.map(what => {
    const floor = Math.max(...mine.map(id => (timed(what, id) || {}).floor || 0));
    const shown = [...mine, ...peers].filter(target => timed(what, target));
    return {label: `${what.title.replace(/^train_/, "")} · floor ${timeText(floor)}`, title: what.title, floor, bars: floor ? shown.map(target => (
      {target, value: median(what, target) / floor, text: timeText(median(what, target)),
       tip: `${what.title} on ${nameOf(target)}: ${timeText(median(what, target))}, ${ratioText(median(what, target) / floor)} of the floor`})) : []};
  }).filter(row => row.bars.length);
  if (!rows.length) return null;
  const targets = [...mine, ...peers].filter(target => rows.some(row => row.bars.some(bar => bar.target === target)));
  return section("training", "Training steps against their floor", null, figure("plot-training", "Times the floor",
    "The floor of a step is its arithmetic at the machine's rate of multiply-adds plus the traffic that its optimizer needs. " +
    "Each bar is the measured time in units of it: 1 cannot be beaten.", width => bars(width, rows, "times the floor", "floor"), targets,
    table(["case", "floor", ...targets.map(nameOf)], rows.map(row => [row.title, timeText(row.floor), ...targets.map(target => {
      const bar = row.bars.find(b => b.target === target);
      return bar ? `${bar.text} (${ratioText(bar.value)})` : "–";
    })]), "Training steps")));
}

// --- The first call ------------------------------------------------------------------------------------------------------------

function firstSection() {
  const rows = allCases.flatMap(what => mine.map(id => [what, id, timed(what, id)]))
    .filter(([, , entry]) => entry && entry.first > 20 * entry.seconds.median && entry.first > 1e-3)
    .sort((a, b) => b[2].first - a[2].first).slice(0, 30);
  if (!rows.length) return null;
  return section("first", "The first call", "A first call builds or loads kernels and chooses among them; this time is not in any " +
    "other figure. The longest:", table(["case", "on", "first call", "of it building", "later calls"],
    rows.map(([what, id, entry]) => [what.title, id, timeText(entry.first), timeText(entry.build), timeText(entry.seconds.median)]),
    "First calls"));
}
