/* The canvas: what is drawn, or a picture put there, and how the models answer it. */

const canvas = byId("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const SIZE = canvas.width; // in units of the drawing
const RATIO = Math.min(4, Math.max(1, Math.ceil(devicePixelRatio))); // pixels in a unit
canvas.width = canvas.height = SIZE * RATIO;
pen.scale(RATIO, RATIO);
pen.lineCap = pen.lineJoin = "round";
pen.imageSmoothingQuality = "high";
const copy = new OffscreenCanvas(SIZE, SIZE).getContext("2d", { willReadFrequently: true });
const WIDTH = 26 / (224 - 26); // of the pen, by the larger extent of its way: MNIST's stroke width
const [THINNEST, THICKEST] = [6, 36];
const tried = [...findings.models.keys()].filter((place) => findings.models[place].layers.length);
const PHOTOGRAPH =
  "This page reads ink on even paper, with a margin. For photographs, use digits predict.";
const rows = [...document.querySelectorAll("#try [data-class]")];
let strokes = []; // each a list of points, [x, y]
let pointer = null; // that is in the midst of a stroke
let given = null; // "example" or "photograph": a picture, which gives way to a stroke
let awaited = null; // the next answer, in the midst of a stroke one for each frame at most
let asked = null; // the class about which "why" was asked

/* Show these strokes in place of all that is on the canvas. */
function restart(shown) {
  strokes = shown;
  given = asked = null;
  draw();
  answer();
}

/* The pen's width goes with the size of what is drawn, so all is drawn anew. */
function draw() {
  fill("white");
  const extents = [0, 1].map((axis) => {
    const places = strokes.flat().map((point) => point[axis]);
    return Math.max(...places) - Math.min(...places);
  });
  pen.lineWidth = Math.min(THICKEST, Math.max(THINNEST, WIDTH * Math.max(...extents)));
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

/* at: its place in the sheet, where ink is light: the difference to white makes it dark. */
function drawExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  restart([]);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(sheet, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, SIZE, SIZE);
  pen.globalCompositeOperation = "source-over";
  given = "example";
  answer();
}

/* A picture that was chosen, dropped or pasted, on paper of its edges' colour. */
async function take(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  restart([]);
  if (!bitmap) return answer(`${file.name}: expected a picture, got none that a browser can read.`);
  const scale = SIZE / Math.max(bitmap.width, bitmap.height);
  const size = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  pen.drawImage(bitmap, 0, 0, SIZE, SIZE);
  const level = paper(levels());
  fill(`rgb(${level} ${level} ${level})`);
  pen.drawImage(bitmap, ...size.map((side) => Math.floor((SIZE - side) / 2)), ...size);
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
  const strokes = ink(levels());
  if (given === "photograph" && strokes && sum(sides(strokes).flat())) return { refused: PHOTOGRAPH };
  const reason = strokes ? refusal(strokes) : "BLANK";
  return reason ? { refused: findings.refusals[reason] } : { image: place(strokes) };
}

/* Answer what is on the canvas. fault: why a file is no picture. */
function answer(fault) {
  cancelAnimationFrame(awaited);
  awaited = null;
  const { image, refused } = look();
  paint("seen", (i) => Array(3).fill(image?.[i] ?? 0));
  const empty = !strokes.length && !given;
  canvas.parentElement.classList.toggle("empty", empty);
  byId("undo").disabled = empty;
  const said = tried.map((place) => fillColumn(place, image));
  for (const button of rows) button.ariaPressed = Number(button.dataset.class) === asked;
  const found = image && pointer === null ? infer(findings.lead, image) : null;
  explain(image, found, asked);
  const doubt = found && uncertain(image, found.logits);
  byId(`answer-${findings.lead}`).classList.toggle("uncertain", Boolean(doubt));
  if (pointer !== null) return; // in the midst of a stroke nothing is read aloud, nor refused
  if (doubt) said.push(`uncertain: ${doubt}`);
  byId("note").textContent = fault ?? (empty ? "" : refused ?? (doubt ? said.at(-1) : ""));
  byId("said").textContent = fault ?? refused ?? `${said.join("; ")}.`;
}

/* Fill a model's column of the table; return its answer in words. */
function fillColumn(place, image) {
  const { digit, softmax } = image ? infer(place, image) : { softmax: [] };
  const name = findings.classes[digit] ?? "–";
  byId(`answer-${place}`).textContent = name;
  document.querySelectorAll(`#try td.model-${place}`).forEach((cell, row) => {
    cell.style.setProperty("--share", softmax[row] ?? 0);
    cell.classList.toggle("best", row === digit);
    cell.textContent = percent(softmax[row]);
  });
  return `${findings.models[place].name}: ${name}, confidence ${percent(softmax[digit])}`;
}

/* Where a pointer is, in units of the drawing. */
function point(event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top].map((at) => (at * SIZE) / box.width);
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  if (pointer !== null && event.pointerType !== "pen") return;
  if (pointer !== null) strokes.pop(); // of the palm, which touched the screen before the pen
  canvas.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  restart([...strokes, [point(event)]]);
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const all = event.getCoalescedEvents?.() ?? [event]; // while the last answer was computed
  strokes.at(-1).push(...all.map(point));
  draw();
  awaited ??= requestAnimationFrame(() => answer());
});

canvas.addEventListener("lostpointercapture", (event) => {
  if (event.pointerId !== pointer) return;
  pointer = null;
  answer();
});

const undo = () => restart(strokes.slice(0, -1));
byId("undo").addEventListener("click", undo);
byId("clear").addEventListener("click", () => restart([]));
document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || pointer !== null) return;
  event.preventDefault();
  undo();
});

for (const [place, button] of rows.entries()) {
  button.addEventListener("click", () => {
    asked = asked === place ? null : place;
    answer();
  });
}

byId("file").addEventListener("change", ({ target }) => {
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
const lead = findings.models[findings.lead];
const right = findings.classes.flatMap((_, digit) => inCell(lead, digit, digit).slice(0, 1));
for (const at of [...right, ...mistakes(lead).slice(0, 3)]) {
  const button = element("button", { type: "button" }, figure(at, lead));
  button.addEventListener("click", () => drawExample(at));
  byId("examples").append(button);
}

/* The sheet of images is in the style; the pixels are taken from there. */
const sheet = new Image();
sheet.src = getComputedStyle(document.querySelector(".sample")).backgroundImage.slice(5, -2);
restart([]);
