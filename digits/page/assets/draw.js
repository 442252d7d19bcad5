/* The canvas: what is drawn, or a picture put there, and how the models answer it. */

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const SIZE = canvas.width; // in units of the drawing
const RATIO = Math.min(4, Math.max(1, Math.ceil(devicePixelRatio))); // pixels in a unit
canvas.width = canvas.height = SIZE * RATIO;
pen.scale(RATIO, RATIO);
const copy = new OffscreenCanvas(SIZE, SIZE).getContext("2d", { willReadFrequently: true });
const WIDTH = 26 / (224 - 26); // of the pen, by the larger extent of its way: MNIST's stroke width
const [THINNEST, THICKEST] = [6, 36];
const tried = [...findings.models.keys()].filter((place) => findings.models[place].layers.length);
const PHOTOGRAPH =
  "This page reads ink on even paper, with a margin. For photographs, use digits predict.";
const note = document.getElementById("note");
const rows = [...document.querySelectorAll("#try [data-class]")];
let strokes = []; // each a list of points, [x, y]
let pointer = null; // that is in the midst of a stroke
let given = null; // "example" or "photograph": a picture, which gives way to a stroke
let awaited = null; // the next answer, in the midst of a stroke one for each frame at most
let asked = null; // the class about which "why" was asked

function clear() {
  strokes = [];
  undo();
}

/* Take back the last stroke, or a picture. */
function undo() {
  strokes.pop();
  given = asked = null;
  draw();
}

/* The pen's width goes with the size of what is drawn, so all is drawn anew. */
function draw() {
  fill("white");
  const extents = [0, 1].map((axis) => {
    const places = strokes.flat().map((point) => point[axis]);
    return Math.max(...places) - Math.min(...places);
  });
  pen.lineWidth = Math.min(THICKEST, Math.max(THINNEST, WIDTH * Math.max(...extents)));
  pen.lineCap = pen.lineJoin = "round";
  for (const points of strokes) {
    pen.beginPath();
    pen.moveTo(points[0][0] - 0.01, points[0][1]); // a line of no length leaves no dot
    for (const point of points) pen.lineTo(...point);
    pen.stroke();
  }
}

function fill(colour) {
  pen.fillStyle = colour;
  pen.fillRect(0, 0, SIZE, SIZE);
}

function drawTo(event) {
  const box = canvas.getBoundingClientRect();
  const scale = SIZE / box.width;
  strokes.at(-1).push([(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]);
}

/* at: its place in the sheet, where ink is light: the difference to white makes it dark. */
function drawExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  clear();
  pen.globalCompositeOperation = "difference";
  pen.drawImage(sheet, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, SIZE, SIZE);
  pen.globalCompositeOperation = "source-over";
  given = "example";
  answer();
}

/* A picture that was chosen, dropped or pasted, on paper of its edges' colour. */
async function take(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  clear();
  if (!bitmap) return answer(`${file.name}: expected a picture, got none that a browser can read.`);
  const scale = SIZE / Math.max(bitmap.width, bitmap.height);
  const size = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const corner = size.map((side) => Math.floor((SIZE - side) / 2));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, SIZE, SIZE);
  const paper = Math.round(median(sides(levels()).map(median)));
  fill(`rgb(${paper} ${paper} ${paper})`);
  pen.drawImage(bitmap, ...corner, ...size);
  given = "photograph";
  answer();
}

/* Grey levels, by the weights of Rec. 601, as Pillow has them. */
function levels() {
  copy.drawImage(canvas, 0, 0, SIZE, SIZE);
  const { data } = copy.getImageData(0, 0, SIZE, SIZE);
  const grey = (i) => Math.round((299 * data[i] + 587 * data[i + 1] + 114 * data[i + 2]) / 1000);
  const places = Array.from({ length: SIZE }, (_, x) => x);
  return places.map((y) => places.map((x) => grey(4 * (y * SIZE + x))));
}

/* The image that the models get, or why there is none. */
function look() {
  const found = ink(levels());
  if (!found) return { refused: findings.refusals.BLANK };
  const { strokes, noise } = found;
  const uneven = NOISE * noise > FAINT || sum(sides(strokes).flat()) > 0;
  if (given === "photograph" && uneven) return { refused: PHOTOGRAPH };
  const refused = refusal(strokes);
  return refused ? { refused: findings.refusals[refused] } : { image: place(strokes) };
}

/* Answer what is on the canvas. fault: why a file is no picture. */
function answer(fault) {
  cancelAnimationFrame(awaited);
  awaited = null;
  const { image, refused } = look();
  paint("seen", (i) => Array(3).fill(image?.[i] ?? 0));
  const empty = !strokes.length && !given;
  canvas.parentElement.classList.toggle("empty", empty);
  document.getElementById("undo").disabled = empty;
  const said = tried.map((place) => fillColumn(place, image));
  for (const button of rows) button.ariaPressed = Number(button.dataset.class) === asked;
  const found = image && pointer === null ? infer(findings.lead, image) : null;
  explain(image, found, asked);
  const doubt = found && uncertain(image, found.logits);
  document.getElementById(`answer-${findings.lead}`).classList.toggle("uncertain", Boolean(doubt));
  if (pointer !== null) return; // in the midst of a stroke nothing is read aloud, nor refused
  const warning = doubt ? `uncertain: ${doubt}` : "";
  note.textContent = fault ?? (empty ? "" : refused ?? warning);
  const answered = [...said, warning].filter(Boolean).join("; ");
  document.getElementById("said").textContent = fault ?? refused ?? `${answered}.`;
}

/* Fill a model's column of the table; return its answer in words. */
function fillColumn(place, image) {
  const { digit, softmax } = image ? infer(place, image) : { softmax: [] };
  const name = findings.classes[digit] ?? "–";
  document.getElementById(`answer-${place}`).textContent = name;
  rows.forEach((button, row) => {
    const cell = button.closest("tr").querySelector(`.model-${place}`);
    cell.style.setProperty("--share", softmax[row] ?? 0);
    cell.classList.toggle("best", row === digit);
    cell.textContent = percent(softmax[row]);
  });
  return `${findings.models[place].name}: ${name}, confidence ${percent(softmax[digit])}`;
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  if (pointer !== null && event.pointerType !== "pen") return;
  if (pointer !== null) strokes.pop(); // of the palm, which touched the screen before the pen
  canvas.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  given = asked = null;
  strokes.push([]);
  drawTo(event);
  draw();
  answer();
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const before = event.getCoalescedEvents?.() ?? []; // while the last answer was computed
  for (const place of [...before, event]) drawTo(place);
  draw();
  awaited ??= requestAnimationFrame(() => answer());
});

canvas.addEventListener("lostpointercapture", (event) => {
  if (event.pointerId !== pointer) return;
  pointer = null;
  answer();
});

for (const act of [clear, undo]) {
  document.getElementById(act.name).addEventListener("click", () => {
    act();
    answer();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || pointer !== null) return;
  event.preventDefault();
  undo();
  answer();
});

for (const button of rows) {
  button.addEventListener("click", () => {
    const chosen = Number(button.dataset.class);
    asked = asked === chosen ? null : chosen;
    answer();
  });
}

document.getElementById("file").addEventListener("change", ({ target }) => {
  if (target.files.length) take(target.files[0]);
  target.value = "";
});

for (const name of ["dragover", "drop", "paste"]) {
  document.addEventListener(name, (event) => {
    const { items, files } = event.dataTransfer ?? event.clipboardData;
    if (![...items].some((item) => item.kind === "file")) return;
    event.preventDefault(); // or the browser would leave the page for it
    if (files.length) take(files[0]);
  });
}

/* A right answer of the leading model for each class, then its mistakes with most confidence. */
const right = [...findings.classes.keys()].flatMap((digit) =>
  inCell(findings.lead, digit, digit).slice(0, 1),
);
for (const at of [...right, ...mistakes(findings.lead).slice(0, 3)]) {
  const button = element("button", { type: "button" }, figure(at, findings.models[findings.lead]));
  button.addEventListener("click", () => drawExample(at));
  document.getElementById("examples").append(button);
}

/* The sheet of images is in the style; the pixels are taken from there. */
const sheet = new Image();
sheet.src = getComputedStyle(document.querySelector(".sample")).backgroundImage.slice(5, -2);
clear();
answer();
