"use strict";
// Tables that sort, details that print. Nothing here asks for anything beyond this file.
document.documentElement.classList.add("js");

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  for (const [place, heading] of headings.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, headings, place));
    heading.append(button);
    for (const row of table.tBodies[0].rows) row.cells[place].dataset.label = button.textContent;
  }
  if (table.classList.contains("airy")) { // shown as cards on a phone, and still a table for who hears it
    table.setAttribute("role", "table");
    for (const part of [table.tHead, table.tBodies[0]]) part.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      for (const cell of row.cells) cell.setAttribute("role", cell.tagName === "TH" ? "columnheader" : "cell");
    }
  }
}

function sort(table, headings, place) {
  const turn = headings[place].getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const heading of headings) heading.removeAttribute("aria-sort");
  headings[place].setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows].map((row) => [rank(row.cells[place]), row]);
  rows.sort(([a], [b]) => turn * compare(a, b) || 0);
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function rank(cell) {
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function compare(a, b) { // numbers before words, and a dash, which stands for nothing, last
  const [low, high] = [order(a), order(b)];
  if (low !== high) return low - high;
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", {numeric: true});
}

function order(value) {
  return value === "—" || Number.isNaN(value) ? 2 : typeof value === "number" ? 0 : 1;
}

for (const table of document.querySelectorAll("table")) if (table.tBodies[0].rows.length > 1) sortable(table);

let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const one of opened) one.open = true;
});
window.addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
