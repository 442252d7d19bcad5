"use strict";
/* The canvas: what is drawn, what the models make of it. */

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const PEN = 26; // of 336: a digit that fills two thirds of the canvas gets MNIST's stroke width
const tried = [...findings.models.keys()].filter((place) => findings.models[place].layers.length);
const drawings = [[]]; // each a list of strokes and examples; undo drops the last
let stroke = null;
let pointer = null;
let due = false;
let ready = false; // once the examples can be drawn

function paint() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  for (const item of drawings.at(-1)) {
    if (item.points) paintStroke(item.points);
    else paintExample(item.example);
  }
}

function paintStroke(points) {
  pen.lineWidth = PEN;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "black";
  pen.beginPath();
  pen.moveTo(points[0].x, points[0].y);
  for (const { x, y } of points) pen.lineTo(x + 0.01, y); // a line of no length leaves no dot
  pen.stroke();
}

/* at: its place in the sheet, where ink is light: the difference to white makes it dark. */
function paintExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  pen.drawImage(sheet, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "difference";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "source-over";
}

/* The picture that the models get; null if there is none. */
function seen() {
  if (!drawings.at(-1).length) return null;
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const levels = data.filter((_, i) => i % 4 === 0); // it holds no colours, so red will do
  return prepare(levels, canvas.width, canvas.height);
}

function answer() {
  due = false;
  const picture = seen();
  showSeen(picture);
  const said = tried.map((place) => {
    const result = picture && infer(place, picture);
    showAnswer(place, result);
    const sure = result && percent(result.softmax[result.digit]);
    return result && `${findings.models[place].name} says ${result.digit}, ${sure} sure`;
  });
  if (pointer !== null) return; // in the midst of a stroke there is nothing to be read aloud
  const none = drawings.at(-1).length ? "There is no digit to be seen." : "Nothing drawn yet.";
  document.getElementById("said").textContent = picture ? `${said.join("; ")}.` : none;
}

function soon() {
  if (!due) requestAnimationFrame(answer);
  due = true;
}

function showSeen(picture) {
  const context = document.getElementById("seen").getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const level = picture ? picture[i] : 0;
    image.data.set([level, level, level, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

function showAnswer(place, result) {
  document.getElementById(`answer-${place}`).textContent = result ? result.digit : "–";
  document.querySelectorAll(`#try td.model-${place}`).forEach((cell, digit) => {
    const share = result ? result.softmax[digit] : 0;
    cell.style.setProperty("--share", share);
    cell.classList.toggle("best", Boolean(result) && result.digit === digit);
    cell.textContent = result ? percent(share) : "–";
  });
}

function positionOf(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) * canvas.width) / box.width,
    y: ((event.clientY - box.top) * canvas.height) / box.height,
  };
}

function change(items) {
  drawings.push(items);
  show();
}

function show() {
  paint();
  soon();
}

canvas.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  pointer = event.pointerId;
  canvas.setPointerCapture(pointer);
  stroke = { points: [positionOf(event)] };
  change([...drawings.at(-1).filter((item) => item.points), stroke]);
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  stroke.points.push(...(events.length ? events : [event]).map(positionOf));
  show();
});

for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    soon();
  });
}

document.getElementById("undo").addEventListener("click", () => {
  if (drawings.length > 1) drawings.pop();
  show();
});

document.getElementById("clear").addEventListener("click", () => {
  if (drawings.at(-1).length) change([]);
});

document.getElementById("see").addEventListener("change", (event) => {
  document.getElementById("seen-figure").hidden = !event.target.checked;
});

/* The sheet of images is in the style; the pixels are taken from there. */
const sheet = new Image();
sheet.src = getComputedStyle(document.querySelector(".digit")).backgroundImage.slice(5, -2);

for (const button of document.querySelectorAll("#examples button")) {
  button.addEventListener("click", () => change([{ example: Number(button.dataset.at) }]));
}

show();
sheet.decode().then(() => {
  if (drawings.length === 1) document.querySelector("#examples button")?.click();
  ready = true;
});
