"use strict";
/* The models, as trained: dense layers. Weights are embedded as base64 of little-endian float32;
   a kernel is (inputs, outputs), row after row. */
const findings = JSON.parse(document.getElementById("findings").textContent, (key, value) =>
  key === "kernel" || key === "bias" ? floats(value) : value,
);

function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

const ACTIVATIONS = {
  linear: (value) => value,
  relu: (value) => Math.max(0, value),
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  tanh: Math.tanh,
};

function compute({ kernel, bias, activation }, input) {
  const output = Float64Array.from(bias);
  for (let i = 0; i < input.length; i++) {
    if (input[i] === 0) continue; // most of a picture is paper
    for (let j = 0; j < bias.length; j++) output[j] += input[i] * kernel[i * bias.length + j];
  }
  return output.map(ACTIVATIONS[activation]);
}

/* place: of the model in the list. grey: a level for each pixel, 0 paper to 255 ink. */
function infer(place, grey) {
  const pixels = Float32Array.from(grey, (level) => level / 255);
  const { layers } = findings.models[place];
  const logits = [...layers.reduce((values, layer) => compute(layer, values), pixels)];
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return { digit: logits.indexOf(largest), softmax: powers.map((power) => power / sum) };
}

/* Never as if it were certain; a dash for no share. */
function percent(share) {
  if (share === undefined) return "–";
  if (share >= 0.9995) return "> 99.9%";
  return share < 0.0005 ? "< 0.1%" : `${(100 * share).toFixed(1)}%`;
}
