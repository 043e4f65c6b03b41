// A figure's values as plotly takes them. Colours are made lighter where the page is dark, dashes and marks tell the rest.
const POINT = 4 / 3; // pixels in a point
const AXES = ["x", "y"];

function dark() {
  return matchMedia("screen and (prefers-color-scheme: dark)").matches;
}

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function rgb(color) {
  return [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
}

function luminance(color) {
  const [r, g, b] = color.map((own) => (own / 255 <= 0.04045 ? own / 255 / 12.92 : ((own / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function shade(color, opacity = 1) { // at least 4 to 1 against the dark page, where it is dark
  let own = rgb(color);
  while (dark() && luminance(own) < 0.17) own = own.map((part) => Math.min(255, part + 12));
  return `rgba(${own.map(Math.round).join(",")},${opacity})`;
}

function trace(mark) {
  const across = mark.across || "";
  const own = {
    type: "scatter", x: mark.x, y: mark.y, name: mark.name || "", showlegend: false, connectgaps: false,
    xaxis: across.includes("x") ? "x2" : "x", yaxis: across.includes("y") ? "y2" : "y",
    hoverinfo: mark.name ? "x+y+name" : "skip", hoverlabel: {namelength: -1},
    cliponaxis: !mark.symbol && mark.kind !== "text",
  };
  const color = shade(mark.color, mark.kind === "area" ? mark.opacity ?? 1 : 1);
  if (mark.kind === "area") return {...own, mode: "lines", fill: "toself", fillcolor: color, line: {width: 0, color}};
  if (mark.kind === "text") {
    return {...own, mode: "text", text: mark.texts.map(broken), textposition: "middle center", textfont: {color, size: 11}};
  }
  const mode = [mark.width ? "lines" : "", mark.symbol ? "markers" : ""].filter(Boolean).join("+") || "none";
  const thin = (mark.symbol || "").includes("thin");
  return {
    ...own, mode, opacity: mark.opacity ?? 1,
    line: {color, width: mark.width * POINT, dash: (mark.dash || []).map((one) => `${one * POINT}px`).join(",") || "solid"},
    marker: {
      color, size: (mark.size || 0) * POINT, symbol: mark.hollow ? `${mark.symbol}-open` : mark.symbol,
      line: {color, width: thin ? 2.4 : 1.2},
    },
  };
}

// What reaches across the axes, such as a limit or a grey strip, lies behind everything.
function spans(mark) {
  return ["x", "y"].includes(mark.across) && !mark.symbol && mark.kind !== "text";
}

function shape(mark) {
  const own = {layer: "below", xref: mark.across === "x" ? "x domain" : "x", yref: mark.across === "y" ? "y domain" : "y"};
  const [low, high] = [(places) => Math.min(...places), (places) => Math.max(...places)];
  const ends = {x0: low(mark.x), x1: high(mark.x), y0: low(mark.y), y1: high(mark.y)};
  if (mark.kind === "area") {
    return {...own, ...ends, type: "rect", line: {width: 0}, fillcolor: shade(dark() ? "#000000" : mark.color, dark() ? 0.25 : 1)};
  }
  const dash = (mark.dash || []).map((one) => `${one * POINT}px`).join(",") || "solid";
  return {...own, ...ends, type: "line", line: {color: shade(mark.color), width: mark.width * POINT, dash}};
}

function broken(text) {
  return text.replaceAll("\n", "<br>");
}

function axis(scale, log, plain) {
  const low = log && scale.low <= 0 ? null : scale.low;
  const ends = low === null ? null : [low, scale.high].map((end) => (log ? Math.log10(end) : end));
  return {
    type: log ? "log" : "linear", title: {text: broken(scale.label || ""), standoff: 8}, automargin: true,
    ...(ends ? {range: scale.reversed ? ends.reverse() : ends} : {autorange: true}),
    ...(scale.ticks && plain ? {tickvals: scale.ticks.map(([at]) => at), ticktext: scale.ticks.map(([, text]) => text)} : {}),
    gridcolor: ink("--line"), linecolor: ink("--quiet"), zeroline: false, showline: true, ticks: "outside",
    minorloglabels: log && ends && Math.abs(ends[1] - ends[0]) > 1 ? "none" : "small digits",
    exponentformat: log ? "power" : scale.high > 1e7 ? "power" : "none", separatethousands: true, tickcolor: ink("--quiet"),
    hoverformat: ",.5~r",
  };
}

function outside(plot) { // whether something is written to the right of the axes
  return plot.marks.some((mark) => mark.kind === "text" && (mark.across || "").includes("x") && mark.x[0] > 1);
}

function layout(plot, logs, name, hidden = new Set()) {
  const touch = matchMedia("(pointer: coarse)").matches;
  const whole = {range: [0, 1], visible: false, fixedrange: true};
  const found = {
    xaxis: axis(plot.x, logs.x, logs.x === !!plot.x.log), yaxis: axis(plot.y, logs.y, logs.y === !!plot.y.log),
    xaxis2: {...whole, overlaying: "x", anchor: "y"}, yaxis2: {...whole, overlaying: "y", anchor: "x"},
    shapes: plot.marks.filter((mark) => spans(mark) && !hidden.has(mark.curve)).map(shape),
    margin: {l: 10, r: outside(plot) ? 70 : 14, t: 10, b: 10}, showlegend: false, hovermode: plot.equal ? "closest" : "x unified",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: touch ? false : "zoom",
    font: {color: ink("--ink"), family: "system-ui, sans-serif", size: 12}, hoverdistance: 30, uirevision: name,
    hoverlabel: {bgcolor: ink("--raised"), bordercolor: ink("--line"), font: {color: ink("--ink")}},
    images: (plot.images || []).map((one) => ({
      source: one.source, xref: "x", yref: "y", x: one.left, y: one.top, sizex: one.right - one.left,
      sizey: Math.abs(one.bottom - one.top), sizing: "stretch", layer: "below", yanchor: "top",
    })),
  };
  if (plot.equal) Object.assign(found.yaxis, {scaleanchor: "x", scaleratio: 1});
  return found;
}
