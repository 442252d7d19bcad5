"use strict";
/* The canvas: what is drawn, what the models make of it. */

const canvas = document.getElementById("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const PEN = 26; // of 336: a digit that fills two thirds of the canvas gets MNIST's stroke width
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

/* Its place in the sheet, where ink is light: the difference to white makes it dark. */
function paintExample(at) {
  const [x, y] = [at % findings.columns, Math.floor(at / findings.columns)];
  pen.drawImage(sheet, x * 28, y * 28, 28, 28, 0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "difference";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "source-over";
}

/* The levels of the canvas, 0 black to 255 white: it holds no colours, so red will do. */
function levels() {
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const grey = new Uint8Array(data.length / 4);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return grey;
}

function seen() {
  return drawings.at(-1).length ? prepare(levels(), canvas.width, canvas.height) : null;
}

function answer() {
  due = false;
  const picture = seen();
  showSeen(picture);
  const said = Object.keys(models).map((name) => {
    const result = picture && infer(name, picture);
    showAnswer(name, result);
    return result && `${name} says ${result.digit}, ${percent(result.softmax[result.digit])} sure`;
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
  const image = context.createImageData(28, 28);
  for (let i = 0; i < 784; i++) image.data.fill(picture ? picture[i] : 0, 4 * i, 4 * i + 3);
  for (let i = 0; i < 784; i++) image.data[4 * i + 3] = 255;
  context.putImageData(image, 0, 0);
}

function showAnswer(name, result) {
  document.getElementById(`answer-${name}`).textContent = result ? result.digit : "–";
  document.querySelectorAll(`#try tbody td.${name}`).forEach((cell, digit) => {
    const share = result ? result.softmax[digit] : 0;
    cell.style.setProperty("--share", share);
    cell.classList.toggle("best", Boolean(result) && result.digit === digit);
    cell.lastElementChild.textContent = result ? percent(share) : "–";
  });
}

function percent(share) {
  if (share >= 0.9995 && share < 1) return ">99.9%";
  if (share > 0 && share < 0.0005) return "<0.1%";
  return `${(100 * share).toFixed(1)}%`;
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
  paint();
  soon();
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
  paint();
  soon();
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

paint();
answer();
sheet.decode().then(() => {
  if (drawings.length === 1) document.querySelector("#examples button").click();
  ready = true;
});
