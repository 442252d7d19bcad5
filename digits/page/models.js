"use strict";
/* The two models, as trained: dense layers, weights embedded as base64 of little-endian float32. */

const findings = JSON.parse(document.getElementById("findings").textContent);

function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

const models = Object.fromEntries(
  Object.entries(findings.models).map(([name, layers]) => [
    name,
    layers.map((layer) => ({ kernel: floats(layer.kernel), bias: floats(layer.bias) })),
  ]),
);

/* kernel: (inputs, outputs), row after row. */
function dense(input, { kernel, bias }) {
  const size = bias.length;
  const output = Float64Array.from(bias);
  for (let i = 0; i < input.length; i++) {
    if (input[i] === 0) continue; // most of a picture is paper
    for (let j = 0; j < size; j++) output[j] += input[i] * kernel[i * size + j];
  }
  return output;
}

/* grey: 784 levels, 0 paper to 255 ink. All layers but the last are followed by a ReLU. */
function infer(name, grey) {
  let values = Float32Array.from(grey, (level) => level / 255);
  models[name].forEach((layer, i) => {
    values = dense(i ? values.map((value) => Math.max(0, value)) : values, layer);
  });
  const logits = Array.from(values);
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return {
    digit: logits.indexOf(largest),
    softmax: powers.map((power) => power / sum), // the confidence, see the model card
    sigmoid: logits.map((value) => 1 / (1 + Math.exp(-value))), // what Keras puts out
  };
}
