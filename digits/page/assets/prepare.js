// Prepare a picture of one digit as MNIST's own were made: digits/pictures/preparing.py, line
// for line. The tests hold the two together, within one grey level.

const SIDE = 28;
const BOX = 20;
const CENTRE = 14.5; // the middle of pixel 14, as a distance from the edge
const FAINT = 0.15; // of the strongest stroke: what is fainter is paper
const NOISE = 4; // standard deviations of the paper's noise
const CONTRAST = 20; // grey levels between paper and the strongest stroke
const STRAY = 0.005; // of all ink: what may be left out at each side of the box
const MIN_SIDE = 5;
const DOT_FILL = 0.72;
const DOT_ROUND = 1.5;
const MAX_CLEAR_INK = 0.01;
const MIN_GAP = 0.05;
const MIN_INK_SHARE = 0.15;
const MIN_HEIGHT_SHARE = 0.5;
const MAX_WIDTH = 2;
const LOOSE = 0.1;
const THIN = 1;
const RIM = 0.12;
const ALONG = 0.8;

// grey: width * height numbers, 0-255, row by row, dark on light or light on dark.
// Returns a Uint8Array of 28 * 28, 0 paper to 255 ink; null if the picture is blank.
// Whether the ink is that of a single digit, refusal() tells: digits/pictures/single.py.
function prepare(grey, width, height) {
  const strokes = ink(grey, width, height);
  return strokes && place(strokes, width, height);
}

function ink(grey, width, height) {
  const paper = paperOf(grey, width, height);
  let darker = new Float64Array(grey.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) darker[y * width + x] = paper(x, y) - grey[y * width + x];
  }
  const noise = 1.4826 * median(sidesOf(darker, width, height).flat().map(Math.abs));
  const power = darker.reduce((sum, value) => sum + value * Math.abs(value), 0);
  if (power < 0) darker = darker.map((value) => -value); // it is light on dark
  const strongest = highest(darker);
  if (strongest < Math.max(CONTRAST, 2 * NOISE * noise)) return null;
  const floor = Math.max(FAINT * strongest, NOISE * noise);
  const strokes = darker.map((value) =>
    value < floor ? 0 : Math.floor((value / strongest) * 255 + 0.5),
  );
  return Object.assign(strokes, { noise: noise / strongest });
}

function place(strokes, width, height) {
  const { rows, columns, top, bottom, left, right } = boxOf(strokes, width, height);
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

// The sums of rows and columns, and the box that the ink fills.
function boxOf(strokes, width, height) {
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y] += strokes[y * width + x];
      columns[x] += strokes[y * width + x];
    }
  }
  const [[top, bottom], [left, right]] = [span(rows), span(columns)];
  return { rows, columns, top, bottom, left, right };
}

// Why ink cannot be that of one digit, as digits/pictures/refusals.py names it; null if it can.
function refusal(strokes, width, height) {
  const { top, bottom, left, right } = boxOf(strokes, width, height);
  const [high, wide] = [bottom - top, right - left];
  if (Math.max(high, wide) < MIN_SIDE || isDot(strokes, width, height)) return "DOT";
  const kept = cut(strokes, width, top, bottom, left, right);
  const clear = boxOf(kept, wide, high).columns.map((sum) => +(sum <= MAX_CLEAR_INK * 255 * high));
  for (let start = 0, stop; start < wide; start = stop) {
    for (stop = start + 1; clear[stop] === clear[start]; ) stop++;
    if (!clear[start] || stop - start < MIN_GAP * high) continue;
    const parts = [[0, start], [stop, wide]];
    const total = kept.reduce((a, b) => a + b);
    if (parts.every((part) => isPart(cut(kept, wide, 0, high, ...part), high, total))) return "SEVERAL";
  }
  return wide > MAX_WIDTH * high ? "WIDE" : null;
}

function isDot(strokes, width, height) {
  const dark = strokes.map((value) => +(value > 127));
  const { top, bottom, left, right } = boxOf(dark, width, height);
  const sides = [bottom - top, right - left];
  const filled = cut(dark, width, top, bottom, left, right).reduce((a, b) => a + b);
  const round = Math.max(...sides) <= DOT_ROUND * Math.min(...sides);
  return round && filled >= DOT_FILL * sides[0] * sides[1];
}

// Whether this suffices, or a photograph needs more steps: digits/pictures/clean.py.
// strokes: as ink() returns them; image: what place() makes of them.
function isClean(strokes, width, height, image) {
  const edges = sidesOf(strokes, width, height).flat();
  if (NOISE * strokes.noise > FAINT || edges.some((value) => value > 0)) return false;
  const { rows, columns, top, bottom, left, right } = boxOf(strokes, width, height);
  const axes = [[rows, top, bottom], [columns, left, right]];
  for (const [sums, start, stop] of axes) {
    const inked = [...sums.keys()].filter((index) => sums[index] > 0);
    const [first, last] = [inked[0], inked.at(-1)];
    if (Math.max(start - first, last + 1 - stop) > 1 + LOOSE * (stop - start)) return false;
    if (inked.length <= last - first) return false;
  }
  const box = cut(strokes, width, top, bottom, left, right);
  return thickness(image) >= THIN && !isFramed(box, right - left, bottom - top);
}

function thickness(image) {
  const dark = (index) => +(image[index] > 127);
  let [inked, edges] = [0, 0];
  for (let index = 0; index < image.length; index++) {
    inked += dark(index);
    if ((index + 1) % SIDE) edges += Math.abs(dark(index + 1) - dark(index));
    if (index + SIDE < image.length) edges += Math.abs(dark(index + SIDE) - dark(index));
  }
  return (2 * inked) / Math.max(edges, 1);
}

// Whether ink runs along all four sides of its box, and does not fill it, as a bar does.
function isFramed(box, width, height) {
  if (box.filter((value) => value > 0).length > box.length / 2) return false;
  const share = (long, deep, from, value) => {
    const rim = Math.max(1, Math.floor(RIM * deep));
    const depths = Array.from({ length: rim }, (_, n) => (from < 0 ? deep - 1 - n : n));
    const covered = Array.from({ length: long }, (_, along) => depths.some((at) => value(at, along) > 0));
    return covered.filter(Boolean).length / long;
  };
  const down = (y, x) => box[y * width + x];
  const across = (x, y) => box[y * width + x];
  return [1, -1].every(
    (from) => share(width, height, from, down) >= ALONG && share(height, width, from, across) >= ALONG,
  );
}

function isPart(part, height, total) {
  if (!part.length || part.reduce((a, b) => a + b) < MIN_INK_SHARE * total) return false;
  const { top, bottom } = boxOf(part, part.length / height, height);
  return bottom - top >= MIN_HEIGHT_SHARE * height;
}

function cut(values, width, top, bottom, left, right) {
  const kept = new Float64Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    kept.set(values.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return kept;
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

if (typeof module !== "undefined") module.exports = { prepare, ink, place, refusal, isClean };
