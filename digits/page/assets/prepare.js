// Prepare a picture of one digit as MNIST's own were made: digits/pictures/preparing.py, line
// for line. The tests hold the two together, within one grey level.

const SIDE = 28;
const BOX = 20;
const CENTRE = 14.5; // the middle of pixel 14, as a distance from the edge
const FAINT = 0.15; // of the strongest stroke: what is fainter is paper
const NOISE = 4; // standard deviations of the paper's noise
const CONTRAST = 20; // grey levels between paper and the strongest stroke
const STRAY = 0.005; // of all ink: what may be left out at each side of the box

// grey: width * height numbers, 0-255, row by row, dark on light or light on dark.
// Returns a Uint8Array of 28 * 28, 0 paper to 255 ink; null if the picture is blank.
function prepare(grey, width, height) {
  const strokes = ink(grey, width, height);
  return strokes && place(strokes, width, height);
}

function ink(grey, width, height) {
  const paper = paperOf(grey, width, height);
  let darker = new Float64Array(grey).map(
    (value, index) => paper(index % width, Math.floor(index / width)) - value,
  );
  const noise = 1.4826 * median(sidesOf(darker, width, height).flat().map(Math.abs));
  const power = darker.reduce((sum, value) => sum + value * Math.abs(value), 0);
  if (power < 0) darker = darker.map((value) => -value); // it is light on dark
  const strongest = highest(darker);
  if (strongest < Math.max(CONTRAST, 2 * NOISE * noise)) return null;
  const floor = Math.max(FAINT * strongest, NOISE * noise);
  return darker.map((value) =>
    value < floor ? 0 : Math.floor((value / strongest) * 255 + 0.5),
  );
}

function place(strokes, width, height) {
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  strokes.forEach((value, index) => {
    rows[Math.floor(index / width)] += value;
    columns[index % width] += value;
  });
  const [top, bottom] = span(rows);
  const [left, right] = span(columns);
  const scale = BOX / Math.max(bottom - top, right - left);
  const down = resampling(rows, top, bottom, scale);
  const across = resampling(columns, left, right, scale);
  const image = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    const line = new Float64Array(width);
    for (const [y, weight] of down[row]) {
      for (let x = left; x < right; x++) line[x] += weight * strokes[y * width + x];
    }
    for (let column = 0; column < SIDE; column++) {
      const sum = across[column].reduce((sum, [x, weight]) => sum + weight * line[x], 0);
      image[row * SIDE + column] = Math.min(255, Math.floor(sum + 0.5));
    }
  }
  return image;
}

// The background at (x, y): a plane through the medians of the four sides.
function paperOf(grey, width, height) {
  const sides = sidesOf(grey, width, height).map(median);
  const [top, bottom, left, right] = sides;
  const range = highest(grey) - grey.reduce((a, b) => Math.min(a, b));
  const slope = (change) => (Math.abs(change) <= range / 2 ? change : 0);
  const [down, across, middle] = [slope(bottom - top), slope(right - left), median(sides)];
  return (x, y) =>
    middle + down * ((y + 0.5) / height - 0.5) + across * ((x + 0.5) / width - 0.5);
}

function highest(values) {
  return values.reduce((a, b) => Math.max(a, b));
}

function sidesOf(values, width, height) {
  const row = (y) => Array.from(values.slice(y * width, (y + 1) * width));
  const column = (x) => Array.from({ length: height }, (_, y) => values[y * width + x]);
  return [row(0), row(height - 1), column(0), column(width - 1)];
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Start and stop of the ink in a profile, but for what may be stray at either end.
function span(profile) {
  const total = profile.reduce((sum, value) => sum + value, 0);
  const inside = [];
  let before = 0;
  profile.forEach((value, index) => {
    before += value;
    if (before > STRAY * total && total - before + value > STRAY * total) inside.push(index);
  });
  return [inside[0], inside[inside.length - 1] + 1];
}

// For each of the 28 pixels of one axis, the [pixel, weight] of the picture that it averages.
function resampling(profile, start, stop, scale) {
  const kept = profile.slice(start, stop);
  const mass = kept.reduce((sum, value) => sum + value, 0);
  const moment = kept.reduce((sum, value, index) => sum + value * (start + index + 0.5), 0);
  const wanted = Math.floor(CENTRE - (moment / mass - start) * scale + 0.5);
  const offset = Math.max(0, Math.min(wanted, SIDE - (stop - start) * scale));
  const edge = (pixel) => Math.min(stop, Math.max(start, (pixel - offset) / scale + start));
  return Array.from({ length: SIDE }, (_, pixel) => {
    const weights = [];
    for (let index = start; index < stop; index++) {
      const covered = Math.min(edge(pixel + 1), index + 1) - Math.max(edge(pixel), index);
      if (covered > 0) weights.push([index, covered * scale]);
    }
    return weights;
  });
}

if (typeof module !== "undefined") module.exports = { prepare };
