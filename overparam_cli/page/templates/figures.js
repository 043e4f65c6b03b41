// Every figure's drawing is replaced by one to point at, once it comes near; without what that takes, it stays.
const FIGURES = {};

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (one) => one.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

let library = null;
function loaded() { // plotly.js, once
  library ??= unpacked("plotly-packed").then((code) => {
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
  });
  return library;
}

function made(tag, name, parent, settings = {}) {
  const own = Object.assign(document.createElement(tag), settings);
  if (name) own.className = name;
  parent.append(own);
  return own;
}

async function enliven(figure) {
  const plots = FIGURES[figure.dataset.key];
  if (!plots || figure.dataset.live) return;
  figure.dataset.live = "yes";
  await loaded();
  const live = figure.querySelector(".live");
  const common = made("div", "curves", live); // one legend for all, where all have the same
  const grid = made("div", "panels", live);
  const panels = plots.map((plot, place) => panel(plot, made("div", "", grid), figure.dataset.key, place));
  const legends = plots.map((plot) => JSON.stringify(plot.legend || []));
  const alike = new Set(legends.filter((own) => own !== "[]")).size <= 1;
  for (const [place, plot] of plots.entries()) {
    const first = legends.indexOf(legends[place]) === place;
    if (first) for (const entry of plot.legend || []) toggle(entry, alike ? common : panels[place].curves, panels);
  }
  live.hidden = false;
  figure.querySelector(".still").classList.add("replaced");
  for (const one of panels) one.draw();
}

function toggle(entry, parent, panels) {
  const button = made("button", "", parent, {type: "button"});
  button.dataset.curve = entry.label;
  button.setAttribute("aria-pressed", "true");
  const drawn = () => swatch(entry);
  button.innerHTML = `${drawn()}<span>${entry.label}</span>`; // set by us from escaped text, as all labels are
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    for (const one of panels) one.show(entry.label, shown);
  });
  recolor.push(() => { button.firstChild.outerHTML = drawn(); });
}

const recolor = []; // what is to be done when the page turns dark, or light

function swatch(entry) {
  const color = shade(entry.color);
  const dash = (entry.dash || []).join(" ");
  const line = entry.width ? `<line x1="1" x2="33" y1="6" y2="6" stroke="${color}" stroke-width="${Math.min(entry.width, 8)}"
    stroke-dasharray="${dash}"/>` : "";
  const fill = entry.hollow ? "none" : color;
  const cross = `<path d="M13 2l8 8M21 2l-8 8" stroke="${color}" stroke-width="2"/>`;
  const marks = {"triangle-up": "M17 1l5 9h-10z", "triangle-down": "M17 11l5-9h-10z", diamond: "M17 1l5 5-5 5-5-5z",
    square: "M13 2h8v8h-8z", hexagon: "M14 2h6l3 4-3 4h-6l-3-4z", cross: "M15 1h4v3h3v4h-3v3h-4v-3h-3v-4h3z",
    x: "M13 2l4 4 4-4 1 1-4 3 4 3-1 1-4-4-4 4-1-1 4-3-4-3z", circle: "M12.5 6a4.5 4.5 0 1 1 9 0a4.5 4.5 0 1 1-9 0z"};
  const mark = !entry.symbol ? "" : entry.symbol.includes("thin") ? cross
    : `<path d="${marks[entry.symbol]}" fill="${fill}" stroke="${color}"/>`;
  return `<svg width="34" height="12" viewBox="0 0 34 12" aria-hidden="true">${line}${mark}</svg>`;
}

function panel(plot, place, key, number) {
  const logs = {x: !!plot.x.log, y: !!plot.y.log};
  const hidden = new Set();
  const head = made("p", "head", place);
  const letter = plot.letter ? `<b>${plot.letter}</b> ` : "";
  head.innerHTML = letter + (plot.alert ? `<span class="shout">${broken(plot.alert)}</span>` : "") + (plot.head || []).join("<br>");
  const curves = made("div", "curves", place);
  const switches = made("div", "switches", place);
  const canvas = made("div", "canvas", place);
  const readout = made("p", "readout", place);
  readout.setAttribute("aria-live", "polite");
  const strip = (text) => Object.assign(document.createElement("span"), {innerHTML: text}).textContent;
  const what = `${strip(plot.y.label || "values")} against ${strip(plot.x.label || "places")}`;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "interactive figure");
  canvas.setAttribute("aria-label", `${what}; the arrow keys read its numbers`);

  const data = () => plot.marks.map((mark) => ({...trace(mark), visible: !spans(mark) && !hidden.has(mark.curve)}));
  const draw = () => Plotly.react(canvas, data(), layout(plot, logs, `${key}${number}${logs.x}${logs.y}`, hidden),
    {displayModeBar: false, responsive: true, doubleClick: "reset"});

  for (const name of AXES) {
    if (plot.images || plot[name].ticks) continue; // places that have names
    const button = made("button", "", switches, {type: "button", textContent: `log ${name}`});
    button.dataset.axis = name;
    button.setAttribute("aria-pressed", String(logs[name]));
    button.addEventListener("click", () => {
      logs[name] = !logs[name];
      button.setAttribute("aria-pressed", String(logs[name]));
      draw();
    });
  }
  made("button", "", switches, {type: "button", textContent: "all of it"})
    .addEventListener("click", () => Plotly.relayout(canvas, whole(plot, logs)));
  canvas.addEventListener("keydown", (event) => read(event, plot, hidden, canvas, readout));
  recolor.push(draw);
  return {
    draw,
    curves,
    show: (curve, shown) => {
      hidden[shown ? "delete" : "add"](curve);
      draw();
    },
  };
}

function whole(plot, logs) {
  const found = layout(plot, logs, "");
  return Object.fromEntries(AXES.flatMap((name) => {
    const own = found[`${name}axis`];
    return own.range ? [[`${name}axis.range`, own.range]] : [[`${name}axis.autorange`, true]];
  }));
}

// With the arrow keys: the next place, or another curve, and its number in words.
function read(event, plot, hidden, canvas, readout) {
  const step = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[event.key];
  if (!step) return;
  event.preventDefault();
  const curves = plot.marks.map((mark, number) => [mark, number])
    .filter(([mark]) => mark.name && !spans(mark) && !hidden.has(mark.curve) && mark.x.length);
  if (!curves.length) return;
  const last = canvas.place || {curve: 0, point: step[0] > 0 ? -1 : Infinity};
  const curve = (last.curve + step[1] + curves.length) % curves.length;
  const [mark, number] = curves[curve];
  const count = mark.x.length;
  let point = Math.min(last.point === Infinity ? count - 1 : last.point + step[0], count - 1);
  if (step[1] && canvas.place) point = nearest(mark.x, canvas.place.x);
  point = Math.max(point, 0);
  canvas.place = {curve, point, x: mark.x[point]};
  readout.textContent = [named(mark.name), `${named(plot.x.label || "x")} ${spoken(mark.x[point])}`,
    `${named(plot.y.label || "y")} ${spoken(mark.y[point])}`].join(" · ");
  Plotly.Fx.hover(canvas, [{curveNumber: number, pointNumber: point}]);
}

function nearest(places, x) {
  let best = 0;
  for (const [place, own] of places.entries()) if (Math.abs(own - x) < Math.abs(places[best] - x)) best = place;
  return best;
}

function named(text) {
  return Object.assign(document.createElement("span"), {innerHTML: text}).textContent.replaceAll("\n", " ");
}

function spoken(value) {
  if (value === null || value === undefined) return "nothing";
  return Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-3) ? value.toExponential(3)
    : value.toLocaleString("en", {maximumSignificantDigits: 5});
}

async function begin() {
  if (!("DecompressionStream" in window)) return; // an old browser: the drawings stay
  Object.assign(FIGURES, JSON.parse(await unpacked("figures-packed")));
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) { near.unobserve(one.target); enliven(one.target); }
  }, {rootMargin: "600px"});
  for (const figure of document.querySelectorAll(".picture")) near.observe(figure);
  matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", () => { for (const act of recolor) act(); });
}
begin();
