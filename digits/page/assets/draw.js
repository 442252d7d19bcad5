/* The canvas: what is drawn, what the models make of it. */

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
pen.lineCap = "round";
pen.lineWidth = 26; // of 336: a digit that fills two thirds of the canvas gets MNIST's stroke width
const tried = [...findings.models.keys()].filter((place) => findings.models[place].layers.length);
const NOTHING = { digit: "–", softmax: [] };
let last = null; // where the pen is, in the midst of a stroke
let example = false; // whether there is an example, which gives way to a stroke

function clear() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  example = false;
}

function drawTo(event) {
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) * canvas.width) / box.width;
  const y = ((event.clientY - box.top) * canvas.height) / box.height;
  pen.beginPath();
  pen.moveTo(...(last ?? [x - 0.01, y])); // a line of no length leaves no dot
  pen.lineTo(x, y);
  pen.stroke();
  last = [x, y];
}

/* at: its place in the sheet, where ink is light: the difference to white makes it dark. */
function drawExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  clear();
  pen.globalCompositeOperation = "difference";
  pen.drawImage(sheet, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "source-over";
  example = true;
  answer();
}

/* The picture that the models get; null if there is none. */
function seen() {
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const levels = new Uint8Array(data.length / 4).map((_, i) => data[4 * i]); // grey, so red will do
  return prepare(levels, canvas.width, canvas.height);
}

function answer() {
  const picture = seen();
  const levels = Array.from(picture ?? new Uint8Array(SIDE * SIDE));
  const pixels = Uint8ClampedArray.from(levels.flatMap((level) => [level, level, level, 255]));
  const shown = document.getElementById("seen").getContext("2d");
  shown.putImageData(new ImageData(pixels, SIDE), 0, 0);
  const said = tried.map((place) => {
    const { digit, softmax } = picture ? infer(place, picture) : NOTHING;
    document.getElementById(`answer-${place}`).textContent = findings.classes[digit] ?? digit;
    document.querySelectorAll(`#try td.model-${place}`).forEach((cell, row) => {
      cell.style.setProperty("--share", softmax[row] ?? 0);
      cell.classList.toggle("best", row === digit);
      cell.textContent = percent(softmax[row]);
    });
    const answer = findings.classes[digit];
    return `${findings.models[place].name} says ${answer}, ${percent(softmax[digit])} sure`;
  });
  if (last) return; // in the midst of a stroke there is nothing to be read aloud
  const none = "There is nothing to be seen.";
  document.getElementById("said").textContent = picture ? `${said.join("; ")}.` : none;
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  if (example) clear();
  drawTo(event);
  answer();
});

canvas.addEventListener("pointermove", (event) => {
  if (!event.isPrimary || !last) return;
  const before = event.getCoalescedEvents?.() ?? []; // while the last answer was computed
  for (const place of [...before, event]) drawTo(place);
  answer();
});

canvas.addEventListener("lostpointercapture", (event) => {
  if (!event.isPrimary) return;
  last = null;
  answer();
});

document.getElementById("clear").addEventListener("click", () => {
  clear();
  answer();
});

/* A right answer of the last model for each class, then its surest mistakes. */
const right = [...findings.classes.keys()].flatMap((digit) =>
  inCell(tried.at(-1), digit, digit).slice(0, 1),
);
for (const at of [...right, ...mistakes(tried.at(-1)).slice(0, 3)]) {
  const button = document.createElement("button");
  button.append(picture(at, `A ${findings.classes[findings.actual[at]]}`));
  button.addEventListener("click", () => drawExample(at));
  document.getElementById("examples").append(button);
}

/* The sheet of images is in the style; the pixels are taken from there. */
const sheet = new Image();
sheet.src = getComputedStyle(document.querySelector(".sample")).backgroundImage.slice(5, -2);
sheet.onload = () => document.querySelector("#examples button").click();
clear();
