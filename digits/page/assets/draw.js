/* The canvas: what is drawn, or a picture put there; what the models make of it. */

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const WIDTH = 26 / (224 - 26); // of the pen, by the larger extent of its way: MNIST's stroke width
const [THINNEST, THICKEST] = [6, 36];
const tried = [...findings.models.keys()].filter((place) => findings.models[place].layers.length);
const NOTHING = { digit: "–", softmax: [] };
const PHOTOGRAPH =
  "This page reads ink on even paper, with a margin: in photographs, digits predict finds the ink.";
const AWAITED = "What in a drawing speaks for an answer and against it is shown here.";
const note = document.getElementById("note");
const hint = note.textContent;
const rows = [...document.querySelectorAll("#try [data-class]")];
let strokes = []; // each a list of points, [x, y]
let down = false; // in the midst of a stroke
let given = false; // whether there is a picture, which gives way to a stroke
let awaited = null; // the next answer, in the midst of a stroke one for each frame at most
let asked = null; // the class about which "why" was asked

function clear() {
  strokes = [];
  given = false;
  asked = null;
  draw();
}

/* The pen's width goes with the size of what is drawn, so all is drawn anew. */
function draw() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const extents = [0, 1].map((axis) => {
    const places = strokes.flat().map((point) => point[axis]);
    return places.reduce((a, b) => Math.max(a, b), 0) - places.reduce((a, b) => Math.min(a, b), 999);
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

function drawTo(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  strokes.at(-1).push([(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]);
}

/* at: its place in the sheet, where ink is light: the difference to white makes it dark. */
function drawExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  clear();
  pen.globalCompositeOperation = "difference";
  pen.drawImage(sheet, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "source-over";
  given = "example";
  answer();
}

/* A picture that was chosen, dropped or pasted, on paper of its edges' colour. */
async function take(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  clear();
  if (!bitmap) return answer(`${file.name}: expected a picture, got none that a browser can read.`);
  const scale = canvas.width / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const [left, top] = [width, height].map((side) => Math.floor((canvas.width - side) / 2));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, left, top, width, height);
  const edges = sidesOf(levels(left, top, width, height), width, height).map(median);
  const paper = Math.round(median(edges));
  pen.fillStyle = `rgb(${paper} ${paper} ${paper})`;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, left, top, width, height);
  given = "photograph";
  answer();
}

/* Grey levels, by the weights of Rec. 601, as Pillow has them. */
function levels(left = 0, top = 0, width = canvas.width, height = canvas.height) {
  const { data } = pen.getImageData(left, top, width, height);
  return new Float64Array(data.length / 4).map((_, i) =>
    Math.round((299 * data[4 * i] + 587 * data[4 * i + 1] + 114 * data[4 * i + 2]) / 1000),
  );
}

/* The picture that the models get, or why there is none. */
function look() {
  const found = ink(levels(), canvas.width, canvas.height);
  if (!found) return { refused: findings.refusals.BLANK };
  const picture = place(found, canvas.width, canvas.height);
  const clean = given !== "photograph" || isClean(found, canvas.width, canvas.height, picture);
  if (!clean) return { refused: PHOTOGRAPH };
  const refused = refusal(found, canvas.width, canvas.height);
  return refused ? { refused: findings.refusals[refused] } : { picture };
}

function seen() {
  return look().picture ?? null;
}

function answer(fault) {
  cancelAnimationFrame(awaited);
  awaited = null;
  const { picture, refused } = look();
  const grey = picture ?? new Uint8Array(SIDE * SIDE);
  const shades = Uint8ClampedArray.from([...grey].flatMap((level) => [level, level, level, 255]));
  document.getElementById("seen").getContext("2d").putImageData(new ImageData(shades, SIDE), 0, 0);
  const empty = !strokes.length && !given;
  canvas.parentElement.classList.toggle("empty", empty);
  document.getElementById("try").classList.toggle("unanswered", !picture);
  const said = tried.map((place) => {
    const { digit, softmax } = picture ? infer(place, picture) : NOTHING;
    document.getElementById(`answer-${place}`).textContent = findings.classes[digit] ?? digit;
    rows.forEach((button, row) => {
      const cell = button.closest("tr").querySelector(`.model-${place}`);
      cell.style.setProperty("--share", softmax[row] ?? 0);
      cell.classList.toggle("best", row === digit);
      cell.textContent = percent(softmax[row]);
    });
    const answer = findings.classes[digit];
    return `${findings.models[place].name} says ${answer}, ${percent(softmax[digit])} sure`;
  });
  const doubtful = picture ? why(picture) : "";
  if (!picture) document.getElementById("because").textContent = AWAITED;
  if (down) return; // in the midst of a stroke nothing is read aloud, nor refused
  note.textContent = fault ?? (empty ? hint : refused ?? (doubtful && `doubtful: ${doubtful}`));
  note.classList.toggle("warning", note.textContent !== hint && note.textContent !== "");
  const answered = `${said.join("; ")}${doubtful && `; doubtful: ${doubtful}`}.`;
  document.getElementById("said").textContent = fault ?? (picture ? answered : refused);
}

/* Explain the leading model's answer; return what is doubtful in it. */
function why(picture) {
  const { digit, logits } = infer(findings.lead, picture);
  for (const button of rows) button.ariaPressed = Number(button.dataset.class) === asked;
  explain(findings.lead, picture, digit, asked);
  const doubtful = doubt(picture, logits);
  document.getElementById(`answer-${findings.lead}`).classList.toggle("doubtful", doubtful !== "");
  return doubtful;
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  if (given) clear();
  down = true;
  asked = null;
  strokes.push([]);
  drawTo(event);
  draw();
  answer();
});

canvas.addEventListener("pointermove", (event) => {
  if (!event.isPrimary || !down) return;
  const before = event.getCoalescedEvents?.() ?? []; // while the last answer was computed
  for (const place of [...before, event]) drawTo(place);
  draw();
  awaited ??= requestAnimationFrame(() => answer());
});

canvas.addEventListener("lostpointercapture", (event) => {
  if (!event.isPrimary) return;
  down = false;
  answer();
});

document.getElementById("clear").addEventListener("click", () => {
  clear();
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

/* A right answer of the leading model for each class, then its surest mistakes. */
const right = [...findings.classes.keys()].flatMap((digit) =>
  inCell(findings.lead, digit, digit).slice(0, 1),
);
for (const at of [...right, ...mistakes(findings.lead).slice(0, 3)]) {
  const button = document.createElement("button");
  button.append(picture(at, `A ${findings.classes[findings.actual[at]]}`));
  button.addEventListener("click", () => drawExample(at));
  document.getElementById("examples").append(button);
}

/* The sheet of images is in the style; the pixels are taken from there. */
const sheet = new Image();
sheet.src = getComputedStyle(document.querySelector(".sample")).backgroundImage.slice(5, -2);
clear();
answer();
