"use strict";
document.documentElement.classList.add("live"); // controls are shown from here on

/* The models, as trained: layers as in digits/inference/layers.py. A kernel, (inputs, outputs) or
   (height, width, inputs, outputs), is embedded as base64 of little-endian float32, row after row. */
const findings = JSON.parse(document.getElementById("findings").textContent);
for (const layer of findings.models.flatMap((model) => model.layers)) {
  if (layer.kernel) layer.kernel = new Float32Array(bytes(layer.kernel).buffer);
}

function bytes(base64) {
  const text = atob(base64);
  return new Uint8Array(text.length).map((_, i) => text.charCodeAt(i));
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

/* A layer takes an image's values, Float64Array, in runs of as many as it has inputs. */
function compute(layer, values) {
  const { scale, shift, kernel, bias, activation, grid } = layer;
  if (grid) return kernel ? convolve(layer, values) : pool(layer, values);
  if (scale) {
    const scaled = values.map((value, i) => value * scale[i % scale.length] + shift[i % scale.length]);
    return ACTIVATIONS[activation](scaled);
  }
  const inputs = kernel.length / bias.length;
  const output = new Float64Array((values.length / inputs) * bias.length);
  for (let run = 0; run * inputs < values.length; run++) {
    const sums = Float64Array.from(bias);
    for (let i = 0; i < inputs; i++) {
      const value = values[run * inputs + i];
      if (value === 0) continue; // most of a picture is paper
      for (let j = 0; j < bias.length; j++) sums[j] += value * kernel[i * bias.length + j];
    }
    output.set(ACTIVATIONS[activation](sums), run * bias.length);
  }
  return output;
}

/* Call visit(place of the window, place in it, place in the image) for all that lie in the image. */
function windows([size, window, strides, before, number], visit) {
  for (let at = 0; at < number[0] * number[1]; at++) {
    const [top, left] = [Math.floor(at / number[1]) * strides[0] - before[0], (at % number[1]) * strides[1] - before[1]];
    for (let y = Math.max(0, -top); y < Math.min(window[0], size[0] - top); y++) {
      for (let x = Math.max(0, -left); x < Math.min(window[1], size[1] - left); x++) {
        visit(at, y * window[1] + x, (top + y) * size[1] + left + x);
      }
    }
  }
}

function convolve({ kernel, bias, activation, grid }, values) {
  const [inputs, outputs] = [values.length / (grid[0][0] * grid[0][1]), bias.length];
  const sums = new Float64Array(grid[4][0] * grid[4][1] * outputs).map((_, i) => bias[i % outputs]);
  windows(grid, (at, part, place) => {
    for (let i = 0; i < inputs; i++) {
      const value = values[place * inputs + i];
      if (value === 0) continue;
      const from = (part * inputs + i) * outputs;
      for (let j = 0; j < outputs; j++) sums[at * outputs + j] += value * kernel[from + j];
    }
  });
  return ACTIVATIONS[activation](sums);
}

function pool({ kind, channels, grid }, values) {
  const largest = kind === "max";
  const found = new Float64Array(grid[4][0] * grid[4][1] * channels).fill(largest ? -Infinity : 0);
  const counts = new Float64Array(grid[4][0] * grid[4][1]);
  windows(grid, (at, part, place) => {
    counts[at] += 1;
    for (let i = 0; i < channels; i++) {
      const [value, to] = [values[place * channels + i], at * channels + i];
      found[to] = largest ? Math.max(found[to], value) : found[to] + value;
    }
  });
  return largest ? found : found.map((sum, i) => sum / counts[Math.floor(i / channels)]);
}

/* The output of each layer, the pixels first. place: of the model in the list. grey: a level for
   each pixel, 0 paper to 255 ink. */
function outputs(place, grey) {
  const found = [Float64Array.from(grey, (level) => Math.fround(level / 255))];
  for (const layer of findings.models[place].layers) found.push(compute(layer, found.at(-1)));
  return found;
}

function infer(place, grey) {
  const logits = [...outputs(place, grey).at(-1)];
  return { digit: logits.indexOf(Math.max(...logits)), softmax: softmax(logits), logits };
}

/* Write a share: never as 0 % or 100 %, and as a dash if there is none. */
function percent(share) {
  if (share === undefined) return "–";
  if (share >= 0.9995) return "> 99.9%";
  return share < 0.0005 ? "< 0.1%" : `${(100 * share).toFixed(1)}%`;
}
