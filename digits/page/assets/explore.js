/* The confusion matrices: under each stand its surest mistakes, or the images of a cell. */

const ALL = [...findings.actual.keys()]; // the places in the sheet
const WIDE = findings.classes;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WIDE, ArrowDown: WIDE };

/* An image of the sheet as HTML, into which nothing but numbers gets. */
function picture(at, label) {
  const place = `--x:${at % findings.columns};--y:${Math.floor(at / findings.columns)}`;
  return `<span class="digit" role="img" aria-label="${label}" style="${place}"></span>`;
}

function figure(at, { predicted, confidence }) {
  const [actual, taken] = [findings.actual[at], predicted[at]];
  const caption = `<span aria-hidden="true">${actual} → ${taken}</span><br>`;
  return `<figure>${picture(at, `${actual} read as ${taken}`)}
    <figcaption>${caption}${percent(confidence[at])}</figcaption></figure>`;
}

/* Of right answers, of which there may be a thousand, only the first are in the page. */
function inCell(place, actual, predicted) {
  const taken = findings.models[place].predicted;
  const cell = ALL.filter((at) => findings.actual[at] === actual && taken[at] === predicted);
  return actual === predicted ? cell.slice(0, findings.each) : cell;
}

function mistakes(place) {
  const { predicted, confidence } = findings.models[place];
  const wrong = ALL.filter((at) => findings.actual[at] !== predicted[at]);
  return wrong.sort((a, b) => confidence[b] - confidence[a]);
}

/* button: the cell that is chosen, or null. */
function show(matrix, button) {
  const place = Number(matrix.dataset.model);
  let images = mistakes(place).slice(0, 16);
  let said = images.length ? "The surest mistakes" : "No mistakes";
  if (button) {
    const { actual, predicted, count } = button.dataset;
    images = inCell(place, +actual, +predicted);
    said = `${actual} read as ${predicted}: ${Number(count).toLocaleString("en")}`;
    if (images.length < count) said += `, of which ${images.length} here`;
  }
  matrix.querySelector(".said").textContent = said;
  const figures = images.map((at) => figure(at, findings.models[place]));
  matrix.querySelector(".gallery").innerHTML = figures.join("");
}

/* One cell of a matrix is in the order of the Tab key; arrows move among the others. */
for (const matrix of document.querySelectorAll(".matrix")) {
  const buttons = [...matrix.querySelectorAll("button")];
  buttons[0].tabIndex = 0;
  matrix.addEventListener("keydown", (event) => {
    if (!STEPS[event.key]) return;
    event.preventDefault();
    buttons[buttons.indexOf(event.target) + STEPS[event.key]]?.focus();
  });
  matrix.addEventListener("focusin", (event) => {
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  });
  matrix.addEventListener("click", ({ target }) => {
    if (!buttons.includes(target)) return;
    const chosen = target.ariaPressed === "true" ? null : target;
    for (const button of buttons) button.ariaPressed = button === chosen;
    show(matrix, chosen);
  });
  show(matrix, null);
}
