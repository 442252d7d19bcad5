/* Explain an answer by occlusion: toggle the ink of one small square after another, and see how far
   the confidence moves. It takes nothing of a model but its answers. */

const SQUARE = Math.max(1, Math.round(SIDE / 7));
const WHERE = [
  ["at the top left", "at the top", "at the top right"],
  ["at the left", "in the middle", "at the right"],
  ["at the bottom left", "at the bottom", "at the bottom right"],
];

const ACROSS = Math.ceil(SIDE / SQUARE);
const SQUARES = Array.from({ length: ACROSS * ACROSS }, () => []); // the pixels of each
for (let i = 0; i < SIDE * SIDE; i++) {
  const [x, y] = [i % SIDE, Math.floor(i / SIDE)].map((at) => Math.floor(at / SQUARE));
  SQUARES[y * ACROSS + x].push(i);
}

/* Erase the ink of a square, or add ink where there is none. */
function toggle(grey, pixels) {
  const strongest = Math.max(...grey);
  const inked = pixels.some((i) => grey[i] > strongest / 4);
  const image = Uint8Array.from(grey);
  for (const i of pixels) image[i] = inked ? 0 : strongest;
  return { inked, image };
}

/* Return where pixels are in the box around the ink, in words. */
function whereabouts(pixels, grey) {
  const inked = [...grey.keys()].filter((i) => grey[i] > 0);
  const third = (coordinate) => {
    const [low, high] = [Math.min(...inked.map(coordinate)), Math.max(...inked.map(coordinate)) + 1];
    const middle = sum(pixels.map(coordinate)) / pixels.length;
    if (high - low < SIDE / 4) return 1;
    return Math.min(2, Math.max(0, Math.floor((3 * (middle - low)) / (high - low))));
  };
  return WHERE[third((i) => Math.floor(i / SIDE))][third((i) => i % SIDE)];
}

/* Draw values: above 0 in one colour, below in another, over ink in grey. */
function paint(target, values, grey) {
  const strongest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE);
  values.forEach((value, i) => {
    const under = 255 - grey[i] / 2;
    const over = value > 0 ? [98, 30, 160] : [214, 120, 0];
    const share = (0.8 * Math.abs(value)) / strongest;
    over.forEach((level, n) => (pixels[4 * i + n] = under + share * (level - under)));
    pixels[4 * i + 3] = 255;
  });
  target.getContext("2d").putImageData(new ImageData(pixels, SIDE), 0, 0);
}

/* Explain an answer, or why it is not the class that was asked about. */
function explain(place, grey, answer, asked) {
  const { digit } = answer;
  const other = asked !== null && asked !== digit;
  const about = other ? asked : digit;
  const measure = ({ logits, softmax }) => {
    const rivals = other ? [logits[digit]] : logits.filter((_, n) => n !== about);
    return { margin: logits[about] - Math.max(...rivals), confidence: percent(softmax[about]) };
  };
  const now = measure(answer);
  const values = new Float64Array(SIDE * SIDE);
  const squares = SQUARES.map((pixels) => {
    const { inked, image } = toggle(grey, pixels);
    const { margin, confidence } = measure(infer(place, image));
    const speaks = now.margin - margin; // for the class, as the square is now
    for (const i of pixels) values[i] = speaks;
    return { inked, confidence, change: other ? -speaks : speaks, pixels };
  });
  paint(document.getElementById("why"), values, grey);
  const name = findings.classes[about];
  const said = [true, false]
    .map((inked) => squares.filter((one) => one.inked === inked).sort((a, b) => b.change - a.change)[0])
    .filter((one) => one?.change > 0 && one.confidence !== now.confidence)
    .map(({ inked, pixels, confidence }) => {
      const change = inked ? "Without the ink" : "With more ink";
      return `${change} ${whereabouts(pixels, grey)} it would be ${confidence}.`;
    });
  tell(other ? `Why not ${name}?` : `Why ${name}?`, [
    `The confidence in ${name} is ${now.confidence}.`,
    ...(said.length ? said : ["Changing one square of ink makes no visible difference."]),
  ]);
}

function explainNothing() {
  paint(document.getElementById("why"), new Float64Array(SIDE * SIDE), new Uint8Array(SIDE * SIDE));
  tell("Why?", ["Draw, to see which ink speaks for the answer and which against it."]);
}

function tell(heading, sentences) {
  document.getElementById("why-heading").textContent = heading;
  document.getElementById("because").textContent = sentences.join(" ");
}
