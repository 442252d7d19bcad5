"use strict";
/* The confusion matrices: a cell shows its images. */

/* at: its place in the sheet. Nothing but numbers gets into the HTML. */
function figure(at, { predicted, confidence }) {
  const shown = document.createElement("figure");
  const place = `--x:${at % findings.columns};--y:${Math.floor(at / findings.columns)}`;
  const label = `A ${findings.actual[at]}, taken for ${predicted[at]}`;
  shown.innerHTML = `<span class="digit" role="img" aria-label="${label}" style="${place}"></span>
    <figcaption><small>${percent(confidence[at])}</small></figcaption>`;
  return shown;
}

/* Of right answers, of which there may be a thousand, only the first are in the page. */
function inCell(place, actual, predicted) {
  const taken = findings.models[place].predicted;
  const cell = [...taken.keys()].filter(
    (at) => findings.actual[at] === actual && taken[at] === predicted,
  );
  return actual === predicted ? cell.slice(0, findings.each) : cell;
}

function heading(name, actual, predicted, count, shown) {
  const what = actual === predicted ? `${actual} read right` : `${actual} taken for ${predicted}`;
  const times = count === 1 ? "once" : `${count.toLocaleString("en")} times`;
  const part = shown < count ? `; the first ${shown}` : "";
  return `${name}, ${what}: ${count ? times : "never"}${part}`;
}

function showCell(button) {
  const place = Number(button.closest("table").dataset.model);
  const model = findings.models[place];
  const { actual, predicted, count } = button.dataset;
  const cell = inCell(place, +actual, +predicted);
  for (const other of document.querySelectorAll("[role=grid] button")) {
    other.setAttribute("aria-pressed", other === button);
  }
  document.getElementById("cell-heading").textContent = heading(
    model.name, actual, predicted, +count, cell.length,
  );
  document.getElementById("cell-images").replaceChildren(...cell.map((at) => figure(at, model)));
}

/* One cell of a matrix is in the order of the Tab key; arrows move among the others. */
const WIDE = findings.classes;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WIDE, ArrowDown: WIDE };

function move(event, buttons) {
  const from = buttons.indexOf(event.target);
  const step = STEPS[event.key];
  if (from < 0 || !step) return;
  event.preventDefault();
  const to = from + step;
  const sideways = Math.abs(step) === 1;
  if (sideways && Math.floor(to / WIDE) !== Math.floor(from / WIDE)) return;
  buttons[to]?.focus();
}

for (const table of document.querySelectorAll("[role=grid]")) {
  const buttons = [...table.querySelectorAll("button")];
  const mistakes = buttons.filter((button) => !button.closest(".right"));
  const most = mistakes.reduce((a, b) => (+b.dataset.count > +a.dataset.count ? b : a));
  most.tabIndex = 0;
  table.addEventListener("keydown", (event) => move(event, buttons));
  table.addEventListener("focusin", (event) => {
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) showCell(button);
  });
  showCell(most); // of the last matrix it stays
}
