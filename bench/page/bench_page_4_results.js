// --- All results ------------------------------------------------------------------------------------------------------------

// Least to most as a line, the middle half as a box, the median as a tick; on the scale of the case's fastest to slowest.
function spread(seconds, lo, hi) {
  const sx = logarithmic(lo, hi, 3, 117), q1 = seconds.q1 || seconds.min, q3 = seconds.q3 || seconds.max;
  return svg("svg", {class: "spread", viewBox: "0 0 120 14", width: 120, height: 14, role: "img",
                     "aria-label": `${timeText(seconds.min)} to ${timeText(seconds.max)}`},
    tip(`least ${timeText(seconds.min)}, quartiles ${timeText(q1)} and ${timeText(q3)}, most ${timeText(seconds.max)}`),
    svg("line", {x1: sx(seconds.min), x2: sx(seconds.max), y1: 7, y2: 7}),
    svg("rect", {x: sx(q1), width: Math.max(2, sx(q3) - sx(q1)), y: 3, height: 8, rx: 1.5}),
    svg("line", {class: "median", x1: sx(seconds.median), x2: sx(seconds.median), y1: 1, y2: 13}));
}

function meter(share) {
  const bounded = Math.min(1, share);
  return el("span", {class: "meter"}, el("span", {class: "track"}, el("span", {style: `width:${(100 * bounded).toFixed(1)}%`})),
    percentText(share));
}

const verdictMark = entry => entry.against && entry.against.verdict !== "same"
  ? el("span", {class: entry.against.verdict}, `${entry.against.verdict} ${ratioText(entry.against.ratio)}`)
  : entry.against ? ratioText(entry.against.ratio) : "–";

function resultRow(what, target, head, lo, hi, compares) {
  const entry = what.entries.get(target), cells = [];
  const title = head ? el("th", {scope: "row"}, what.title, entry.reduced ? el("abbr", {title: "smaller than the name says"}, "*") : null)
    : el("th", {scope: "row", class: "again"}, el("span", {class: "hidden"}, what.title));
  const on = el("td", {class: "on"}, el("span", {class: "swatch", style: `background:${colour(target)}`}), nameOf(target));
  if (!isTimed(entry)) {
    cells.push(el("td", {class: entry.failed ? "note failed" : "note", colspan: compares ? 7 : 6}, entry.note || "not measured"));
  } else {
    const s = entry.seconds;
    cells.push(el("td", {}, timeText(s.median)), el("td", {}, spread(s, lo, hi)), el("td", {}, rateText(what, s.median)),
      el("td", {}, entry.floor ? meter(entry.floor / s.median) : "–"), el("td", {}, entry.first ? timeText(entry.first) : "–"),
      el("td", {}, entry.launches === undefined ? "–" : `${plain(entry.launches)} · ${plain(entry.waits)}`));
    if (compares) cells.push(el("td", {}, verdictMark(entry)));
  }
  return el("tr", {"data-case": what.title, "data-target": target}, title, on, cells);
}

function caseRows(what, compares) {
  const shown = ["reference", ...devices, ...peers].filter(target => what.entries.has(target));
  const all = shown.filter(target => target !== "reference").map(target => what.entries.get(target)).filter(isTimed);
  const times = (all.length ? all : [...what.entries.values()].filter(isTimed)).flatMap(entry => [entry.seconds.min, entry.seconds.max]);
  let [lo, hi] = times.length ? extent(times) : [1, 2];
  const reference = what.entries.get("reference");
  if (isTimed(reference)) [lo, hi] = extent([lo, hi, reference.seconds.median]);
  if (hi < lo * 1.1) [lo, hi] = [lo / 1.05, hi * 1.05];
  return shown.map((target, i) => resultRow(what, target, i === 0, lo, hi, compares));
}

function suiteTable(suite, open) {
  const members = allCases.filter(what => what.suite === suite);
  const compares = members.some(what => [...what.entries.values()].some(entry => entry.against));
  const head = ["case", "on", "median", "spread", "rate", "limit", "first call", "launches · waits", ...compares ? ["then / now"] : []];
  return el("details", {class: "suite", id: `suite-${suite}`, open: open ? "" : null},
    el("summary", {}, suite, el("span", {class: "count"}, `${members.length} case${members.length === 1 ? "" : "s"}`)),
    el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": `Results of the suite ${suite}`},
      el("table", {class: "results"}, el("caption", {class: "hidden"}, `Results of the suite ${suite}`),
        el("thead", {}, el("tr", {}, head.map(text => el("th", {scope: "col"}, text)))),
        el("tbody", {}, members.flatMap(what => caseRows(what, compares))))));
}

function filterResults(text, tables) {
  for (const suite of tables) {
    let shown = 0;
    for (const row of suite.querySelectorAll("tbody tr")) {
      row.hidden = !row.dataset.case.includes(text);
      shown += !row.hidden;
    }
    suite.hidden = shown === 0;
    if (text) suite.open = shown > 0;
  }
}

function resultsSection() {
  const suites = [...new Set(allCases.map(what => what.suite))];
  const tables = suites.map(suite => suiteTable(suite, suite !== "ops"));
  const input = el("input", {type: "search", id: "filter", placeholder: "part of a case's name", autocomplete: "off"});
  input.addEventListener("input", () => filterResults(input.value.trim(), tables));
  return section("results", "All results", "The median of the samples; the box is their middle half, the line from the least to the most. " +
    "Rate: GFLOP/s where a case counts operations, else bytes read and written once. Limit: the least time the machine could take over the median. " +
    "Launches and waits: of one operation, once warm.",
    el("label", {class: "filter", for: "filter"}, "Filter ", input), tables);
}

// --- The page ---------------------------------------------------------------------------------------------------------------

function navigation(sections) {
  return el("nav", {"aria-label": "Sections"}, sections.map(part =>
    el("a", {href: `#${part.id}`}, part.querySelector("h2").textContent)));
}

function build() {
  const sections = [againstSection(), trainingSection(), sizesSection(), rooflineSection(), sideBySideSection(), peersSection(),
                    devicesSection(), resultsSection(), firstSection()].filter(Boolean);
  document.title = `clgrad bench: ${machine.processor || "results"}${run.date ? `, ${run.date.slice(0, 10)}` : ""}`;
  document.getElementById("page").replaceChildren(headSection(), tilesSection() || "", navigation(sections), ...sections,
    el("footer", {}, `${run.results.length} results by clgrad bench${run.version ? ` ${run.version}` : ""}. This page carries its data as JSON and loads nothing.`));
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  if (wanted) requestAnimationFrame(() => wanted.scrollIntoView({behavior: "instant"}));
  document.documentElement.setAttribute("data-ready", String(run.results.length));
}
build();
