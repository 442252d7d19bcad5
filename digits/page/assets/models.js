"use strict";
document.documentElement.classList.add("live"); // controls are shown from here on

/* The models, as trained: layers as in digits/inference/layers.py. A kernel, (inputs, outputs) or
   (height, width, inputs, outputs), is embedded as base64 of little-endian float32, row after row. */
const byId = (id) => document.getElementById(id);
const findings = JSON.parse(byId("findings").textContent);
for (const layer of findings.models.flatMap((model) => model.layers)) {
  if (layer.kernel) layer.kernel = new Float32Array(bytes(layer.kernel).buffer);
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

const ACTIVATIONS = {
  linear: (values) => values,
  relu: (values) => values.map((value) => Math.max(0, value)),
  sigmoid: (values) => values.map((value) => 1 / (1 + Math.exp(-value))),
  tanh: (values) => values.map(Math.tanh),
  softmax,
};

function softmax(values) {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/* Call visit(place of the window, place in it, place in the image) for all that lie in the image. */
function windows([size, window, strides, before, number], visit) {
  for (let at = 0; at < number[0] * number[1]; at++) {
    const top = Math.floor(at / number[1]) * strides[0] - before[0];
    const left = (at % number[1]) * strides[1] - before[1];
    for (let y = Math.max(0, -top); y < Math.min(window[0], size[0] - top); y++) {
      for (let x = Math.max(0, -left); x < Math.min(window[1], size[1] - left); x++) {
        visit(at, y * window[1] + x, (top + y) * size[1] + left + x);
      }
    }
  }
}

/* A layer takes an image's values, Float64Array. */
function compute(layer, values) {
  if (layer.kernel) return multiply(layer, values);
  if (layer.grid) return pool(layer, values);
  const { scale, shift, activation } = layer;
  const scaled = values.map((value, i) => value * scale[i % scale.length] + shift[i % scale.length]);
  return ACTIVATIONS[activation](scaled);
}

/* A convolution; or a dense layer, which is one of windows of a pixel. */
function multiply(layer, values) {
  const { kernel, bias, activation } = layer;
  const outputs = bias.length;
  const [high, wide] = layer.grid?.[1] ?? [1, 1];
  const inputs = kernel.length / outputs / high / wide;
  const pixels = [values.length / inputs, 1];
  const grid = layer.grid ?? [pixels, [1, 1], [1, 1], [0, 0], pixels];
  const length = grid[4][0] * grid[4][1] * outputs;
  const found = Float64Array.from({ length }, (_, i) => bias[i % outputs]);
  windows(grid, (at, part, place) => {
    for (let i = 0; i < inputs; i++) {
      const value = values[place * inputs + i];
      if (value === 0) continue; // most of a picture is paper
      const from = (part * inputs + i) * outputs;
      for (let j = 0; j < outputs; j++) found[at * outputs + j] += value * kernel[from + j];
    }
  });
  for (let at = 0; at < found.length; at += outputs) {
    found.set(ACTIVATIONS[activation](found.subarray(at, at + outputs)), at);
  }
  return found;
}

function pool({ kind, grid }, values) {
  const channels = values.length / (grid[0][0] * grid[0][1]);
  const windowed = Array.from({ length: grid[4][0] * grid[4][1] }, () => []);
  windows(grid, (at, part, place) => windowed[at].push(place * channels));
  return Float64Array.from({ length: windowed.length * channels }, (_, i) => {
    const inside = windowed[Math.floor(i / channels)].map((place) => values[place + (i % channels)]);
    return kind === "max" ? Math.max(...inside) : inside.reduce((a, b) => a + b) / inside.length;
  });
}

/* place: of the model in the list. grey: a level for each pixel, 0 paper to 255 ink. */
function infer(place, grey) {
  const pixels = Float64Array.from(grey, (level) => Math.fround(level / 255));
  const { layers } = findings.models[place];
  const logits = [...layers.reduce((values, layer) => compute(layer, values), pixels)];
  return { digit: logits.indexOf(Math.max(...logits)), softmax: softmax(logits), logits };
}

/* Write a share: never as 0 % or 100 %, and as a dash if there is none. */
function percent(share) {
  if (share === undefined) return "–";
  if (share >= 0.9995) return "> 99.9%";
  return share < 0.0005 ? "< 0.1%" : `${(100 * share).toFixed(1)}%`;
}
