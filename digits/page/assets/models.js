"use strict";
document.documentElement.classList.add("live"); // controls are shown from here on

/* The models, as trained: layers as in digits/inference/network.py. A kernel, (inputs, outputs), is
   embedded as base64 of little-endian float32, row after row. */
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
function compute({ scale, shift, kernel, bias, activation }, values) {
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
