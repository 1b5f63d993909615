"use strict";
// The page of `clgrad bench --html`: from the JSON in it to tables and plots. Text from drivers and files enters the
// document as text only, never as HTML.

window.addEventListener("error", event => document.documentElement.setAttribute("data-error", event.message));

const {run, against} = JSON.parse(document.getElementById("data").textContent);
const machine = run.machine || {};
const devices = (run.devices || []).map(device => device.id);
if (!devices.length) // what bench/peers wrote names no devices
  devices.push(...new Set(run.results.map(entry => entry.target).filter(id => /^(cpu|opencl)/.test(id))));
const absent = ((against || {}).devices || []).map(device => device.id).filter(id => !devices.includes(id));
const isTimed = entry => entry && entry.seconds && entry.seconds.median > 0;

// --- Cases: each with an entry per target, those of the peers included -------------------------------------------

const cases = new Map();
const peers = [];

function addEntry(entry, own) {
  if (own && !cases.has(entry.case))
    cases.set(entry.case, {title: entry.case, work: entry.case.split("/")[0], size: entry.size || [],
                           suite: entry.suite || entry.case.split("/")[0], entries: new Map()});
  const what = cases.get(entry.case);
  if (!what || !own && (devices.includes(entry.target) || entry.target === "reference")) return;
  if (!devices.includes(entry.target) && entry.target !== "reference" && !peers.includes(entry.target))
    peers.push(entry.target);
  if (!what.entries.has(entry.target)) what.entries.set(entry.target, entry);
}
run.results.forEach(entry => addEntry(entry, true));
if (against) against.results.filter(entry => !absent.includes(entry.target)).forEach(entry => addEntry(entry, false));

const allCases = [...cases.values()];
const timed = (what, target) => isTimed(what.entries.get(target)) ? what.entries.get(target) : null;
const median = (what, target) => timed(what, target) ? timed(what, target).seconds.median : 0;
const named = title => cases.get(title);

// What a rate counts: operations where the case counts them, else bytes. A peer's entry has neither: the case's own do.
function amounts(what) {
  const entry = [...what.entries.values()].find(e => e.flops || e.bytes) || {};
  return {flops: entry.flops || 0, bytes: entry.bytes || 0, intensity: entry.intensity || 0};
}

// --- Text ---------------------------------------------------------------------------------------------------------

const digits = value => value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);

function timeText(seconds) {
  if (!(seconds > 0)) return "–";
  for (const [unit, factor] of [["s", 1], ["ms", 1e3], ["µs", 1e6]])
    if (seconds * factor >= 0.9995) return `${digits(seconds * factor)} ${unit}`;
  return `${digits(seconds * 1e9)} ns`;
}

const rateText = (what, seconds) => {
  const {flops, bytes} = amounts(what);
  if (!seconds || !flops && !bytes) return "–";
  return flops ? `${digits(flops / seconds / 1e9)} GFLOP/s` : `${digits(bytes / seconds / 1e9)} GB/s`;
};
const ratioText = ratio => `${ratio >= 9.995 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
const percentText = share => `${(100 * share).toFixed(0)} %`;
const sizeText = n => n >= 1048576 && n % 1048576 === 0 ? `${n / 1048576}M`
  : n >= 1024 && n % 1024 === 0 ? `${n / 1024}K` : String(n);

function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

// --- Elements -----------------------------------------------------------------------------------------------------

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const tip = text => svg("title", {}, text);

// --- Colours: the devices first, then the peers, in order ------------------------------------------------------------

const order = [...devices, ...peers];
const colour = target => order.includes(target) ? `var(--s${order.indexOf(target) % 8})` : "var(--soft)";
const known = {pytorch: "PyTorch", compiled: "torch.compile", numpy: "NumPy", openblas: "OpenBLAS", onednn: "oneDNN",
               jax: "JAX", clblast: "CLBlast", reference: "naive reference"};
const nameOf = target => known[target] || target;

function legend(targets) {
  return el("ul", {class: "legend"}, targets.map(target =>
    el("li", {}, el("span", {class: "swatch", style: `background:${colour(target)}`}), nameOf(target))));
}

// A table with a head; columns after the first are numbers.
function table(head, rows, caption) {
  return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
    el("table", {}, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, head.map(text => el("th", {scope: "col"}, text)))),
      el("tbody", {}, rows.map(row => el("tr", {}, row.map((cell, i) =>
        i === 0 ? el("th", {scope: "row"}, cell) : el("td", {}, cell)))))));
}
