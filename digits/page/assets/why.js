/* Explain an answer: what in a drawing speaks for a class and against it. Each pixel counts by its
   ink times the gradient there; for ReLU units these add up to the class's logit, but for biases. */

const WHERE = [
  ["at the top left", "at the top", "at the top right"],
  ["at the left", "in the middle", "at the right"],
  ["at the bottom left", "at the bottom", "at the bottom right"],
];
const UNITS = 4; // hidden units that are shown

/* From the gradient after an activation, and its output, the gradient before it. */
const SLOPES = {
  linear: (output, gradient) => gradient,
  relu: (output, gradient) => gradient.map((value, i) => (output[i] > 0 ? value : 0)),
  sigmoid: (output, gradient) => gradient.map((value, i) => value * output[i] * (1 - output[i])),
  tanh: (output, gradient) => gradient.map((value, i) => value * (1 - output[i] ** 2)),
  softmax: (output, gradient) => {
    const mean = gradient.reduce((sum, value, i) => sum + value * output[i], 0);
    return gradient.map((value, i) => output[i] * (value - mean));
  },
};

/* From the gradient after a layer, and its output, the gradient before it. */
function back({ scale, kernel, bias, activation }, output, gradient) {
  if (scale) return gradient.map((value, i) => value * scale[i % scale.length]);
  const inputs = kernel.length / bias.length;
  const before = new Float64Array((gradient.length / bias.length) * inputs);
  for (let run = 0; run * inputs < before.length; run++) {
    const part = (values) => values.subarray(run * bias.length, (run + 1) * bias.length);
    const slopes = SLOPES[activation](part(output), part(gradient));
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0; j < bias.length; j++) sum += kernel[i * bias.length + j] * slopes[j];
      before[run * inputs + i] = sum;
    }
  }
  return before;
}

/* What the pixels, and the outputs of the first layer, add to the logits, these weighted. */
function evidence(place, grey, weights) {
  const values = outputs(place, grey);
  let gradient = Float64Array.from(weights);
  const added = [];
  for (let n = values.length - 1; n > 0; n--) {
    gradient = back(findings.models[place].layers[n - 1], values[n], gradient);
    added[n - 1] = gradient.map((slope, i) => slope * values[n - 1][i]);
  }
  return { pixels: added[0], units: added[1], outputs: values[1] };
}

/* The two places in the ink's box where values add up to most; none where they are small. */
function places(grey, values) {
  const inked = [...grey.keys()].filter((i) => grey[i] > 0);
  const thirds = (places) => {
    const [low, high] = [Math.min(...places), Math.max(...places) + 1];
    return places.map((at) => (high - low < SIDE / 4 ? 1 : Math.floor((3 * (at - low)) / (high - low))));
  };
  const [down, across] = [inked.map((i) => Math.floor(i / SIDE)), inked.map((i) => i % SIDE)].map(thirds);
  const sums = {};
  for (const [n, i] of inked.entries()) {
    const where = WHERE[down[n]][across[n]];
    sums[where] = (sums[where] ?? 0) + values[i];
  }
  const most = Object.keys(sums).sort((a, b) => sums[b] - sums[a]).slice(0, 2);
  return most.filter((where) => sums[where] > 0 && sums[where] > sums[most[0]] / 2).join(" and ");
}

/* Draw values: above 0 in one colour, below in another, over ink in grey. */
function paint(target, values, grey) {
  const strongest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE);
  values.forEach((value, i) => {
    const share = Math.min(1, (1.6 * Math.abs(value)) / strongest); // so that weak ones are seen too
    const under = 255 - (grey ? grey[i] / 4 : 0);
    const over = value > 0 ? [98, 30, 160] : [214, 120, 0];
    over.forEach((level, n) => (pixels[4 * i + n] = under + share * (level - under)));
    pixels[4 * i + 3] = 255;
  });
  target.getContext("2d").putImageData(new ImageData(pixels, SIDE), 0, 0);
}

/* Explain the answer, or why it is not the class that was asked about. */
function explain(place, grey, digit, asked) {
  const count = findings.classes.length;
  const other = asked !== null && asked !== digit;
  const weights = findings.classes.map((_, n) =>
    other ? (n === asked) - (n === digit) : n === digit ? 1 : -1 / (count - 1),
  );
  const { pixels, units, outputs } = evidence(place, grey, weights);
  paint(document.getElementById("why"), pixels, grey);
  const [answer, name] = [digit, other ? asked : digit].map((n) => findings.classes[n]);
  const [speaking, against] = [places(grey, pixels), places(grey, pixels.map((value) => -value))];
  const said = [
    speaking && `The ink ${speaking} speaks for ${name}${other ? ` rather than ${answer}` : ""}.`,
    against && `The ink ${against} speaks ${other ? `for ${answer} rather than` : "against"} ${name}.`,
  ];
  document.getElementById("why-heading").textContent = other ? `Why not ${name}?` : `Why ${name}?`;
  document.getElementById("because").textContent = (other ? said.reverse() : said)
    .filter(Boolean)
    .join(" ");
  showUnits(findings.models[place].layers[0], units, outputs, other ? -1 : 1, answer);
}

function showUnits({ kernel, bias }, units, outputs, sign, answer) {
  const hidden = document.getElementById("hidden");
  hidden.hidden = !units || !kernel || kernel.length !== SIDE * SIDE * bias.length;
  if (hidden.hidden) return;
  const most = [...units.keys()].sort((a, b) => sign * (units[b] - units[a])).slice(0, UNITS);
  hidden.querySelector("span").textContent = answer;
  hidden.querySelectorAll("canvas").forEach((canvas, n) => {
    paint(canvas, Float64Array.from({ length: SIDE * SIDE }, (_, i) => kernel[i * bias.length + most[n]]));
    canvas.nextElementSibling.textContent = `output ${outputs[most[n]].toFixed(1)}`;
  });
}
