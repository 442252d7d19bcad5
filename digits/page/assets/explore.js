/* The confusion matrices: under each stand its mistakes with most confidence, or a cell's images. */

const ALL = [...findings.actual.keys()]; // the places in the sheet
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/* Make an element of attributes and content: never of HTML, for names may hold anything. */
function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

/* An image of the sheet, and what a model answered to it. */
function figure(at, { predicted, confidence }) {
  const [actual, answer] = [findings.actual[at], predicted[at]].map((n) => findings.classes[n]);
  const label = `${actual} predicted as ${answer}`;
  const image = element("span", { class: "sample", role: "img", "aria-label": label });
  image.style.setProperty("--x", at % findings.columns);
  image.style.setProperty("--y", Math.floor(at / findings.columns));
  const named = actual === answer ? actual : `${actual} → ${answer}`;
  const names = element("span", { "aria-hidden": "true" }, named);
  const caption = element("figcaption", {}, names, element("br", {}), percent(confidence[at]));
  return element("figure", {}, image, caption);
}

function inCell({ predicted }, actual, answer) {
  return ALL.filter((at) => findings.actual[at] === actual && predicted[at] === answer);
}

function mistakes({ predicted, confidence }) {
  const wrong = ALL.filter((at) => findings.actual[at] !== predicted[at]);
  return wrong.sort((a, b) => confidence[b] - confidence[a]);
}

/* button: the cell that is chosen, or null. */
function show(matrix, button) {
  const model = findings.models[matrix.dataset.model];
  let images = mistakes(model).slice(0, 15);
  let said = images.length ? "Mistakes with the highest confidence" : "No mistakes";
  if (button) {
    const { actual, predicted, count } = button.dataset;
    images = inCell(model, +actual, +predicted);
    said = button.ariaLabel;
    if (images.length < count) said += `, of which ${images.length} here`; // of the right answers
  }
  matrix.querySelector(".said").textContent = said;
  matrix.querySelector(".gallery").replaceChildren(...images.map((at) => figure(at, model)));
}

/* One cell of a matrix is in the order of the Tab key; arrows move among the others. */
for (const matrix of document.querySelectorAll(".matrix")) {
  const buttons = [...matrix.querySelectorAll("button")];
  for (const [at, button] of buttons.entries()) {
    button.disabled = false; // without a script nothing can be pressed
    button.tabIndex = at ? -1 : 0;
  }
  const columns = Number(matrix.querySelector("[data-columns]")?.dataset.columns);
  matrix.addEventListener("keydown", (event) => {
    if (!STEPS[event.key]) return;
    event.preventDefault();
    const [across, down] = STEPS[event.key];
    buttons[buttons.indexOf(event.target) + across + down * columns]?.focus();
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
