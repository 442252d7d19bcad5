"use strict";
/* The confusion matrices: a cell shows its images. */

function digitImage(i, label) {
  const image = document.createElement("span");
  image.className = "digit";
  image.setAttribute("role", "img");
  image.setAttribute("aria-label", label);
  image.style.setProperty("--x", i % findings.columns);
  image.style.setProperty("--y", Math.floor(i / findings.columns));
  return image;
}

function figure(i, name) {
  const { predicted, confidence } = findings.images[name];
  const shown = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const sure = document.createElement("small");
  sure.textContent = percent(confidence[i]);
  caption.append(sure);
  const label = `A ${findings.images.actual[i]}, taken for ${predicted[i]}`;
  shown.append(digitImage(i, label), caption);
  return shown;
}

/* Of right answers, of which there may be a thousand, only the first are in the page. */
function inCell(name, actual, predicted) {
  const taken = findings.images[name].predicted;
  const rows = findings.images.actual.map((_, i) => i);
  const cell = rows.filter((i) => findings.images.actual[i] === actual && taken[i] === predicted);
  return actual === predicted ? cell.slice(0, findings.each) : cell;
}

function heading(name, actual, predicted, count, shown) {
  const what = actual === predicted ? `${actual} read right` : `${actual} taken for ${predicted}`;
  const times = count === 1 ? "once" : `${count.toLocaleString("en")} times`;
  const part = shown < count ? `; the first ${shown}` : "";
  return `${name}, ${what}: ${count ? times : "never"}${part}`;
}

function showCell(button) {
  const name = button.closest("table").dataset.model;
  const [actual, predicted, count] = ["actual", "predicted", "count"].map((key) =>
    Number(button.dataset[key]),
  );
  const rows = inCell(name, actual, predicted);
  for (const other of document.querySelectorAll("[role=grid] button")) {
    other.setAttribute("aria-pressed", other === button);
  }
  document.getElementById("cell").dataset.model = name;
  document.getElementById("cell-heading").textContent = heading(
    name, actual, predicted, count, rows.length,
  );
  document.getElementById("cell-images").replaceChildren(...rows.map((i) => figure(i, name)));
}

/* One cell of a matrix is in the order of the Tab key; arrows move among the others. */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10 };

function move(event, buttons) {
  const from = buttons.indexOf(event.target);
  const step = STEPS[event.key];
  if (from < 0 || !step) return;
  event.preventDefault();
  const sideways = Math.abs(step) === 1;
  const to = from + step;
  if (!buttons[to] || (sideways && Math.floor(to / 10) !== Math.floor(from / 10))) return;
  buttons[to].focus();
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
