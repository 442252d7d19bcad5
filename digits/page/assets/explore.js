/* The confusion matrices: under each stand its mistakes with most confidence, or a cell's images. */

const ALL = [...findings.actual.keys()]; // the places in the sheet

/* Make an element of properties and content: never of HTML, for names may hold anything. */
function element(name, properties, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

/* An image of the sheet, and what a model answered to it. */
function figure(at, { predicted, confidence }) {
  const [actual, answer] = [findings.actual[at], predicted[at]].map((n) => findings.classes[n]);
  const ariaLabel = `${actual} predicted as ${answer}`;
  const image = element("span", { className: "sample", role: "img", ariaLabel });
  image.style.setProperty("--x", at % findings.columns);
  image.style.setProperty("--y", Math.floor(at / findings.columns));
  const named = actual === answer ? actual : `${actual} → ${answer}`;
  const names = element("span", { ariaHidden: "true" }, named);
  const caption = element("figcaption", {}, names, element("br", {}), percent(confidence[at]));
  return element("figure", {}, image, caption);
}

const inCell = ({ predicted }, actual, answer) =>
  ALL.filter((at) => findings.actual[at] === actual && predicted[at] === answer);

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
  const columns = findings.classes.length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  for (const button of buttons) button.disabled = false; // without a script nothing can be pressed
  if (buttons.length) buttons[0].tabIndex = 0;
  matrix.addEventListener("keydown", (event) => {
    if (!steps[event.key]) return;
    event.preventDefault();
    buttons[buttons.indexOf(event.target) + steps[event.key]]?.focus();
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
