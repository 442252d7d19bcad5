/* Prepare a picture of one digit on even paper as MNIST's own were made: digits/pictures/preparing.py
   and single.py in another language, with their numbers. A picture is a list of rows of numbers. */

const {
  SIDE, BOX, CENTRE, FAINT, CONTRAST, STRAY, MIN_SIDE, DOT_FILL, DOT_ROUND, MAX_CLEAR_INK, MIN_GAP,
  MIN_INK_SHARE, MIN_HEIGHT_SHARE, MAX_WIDTH,
} = findings.preparing;

const sum = (values) => values.reduce((total, value) => total + value, 0);
const highest = (values) => values.reduce((most, value) => Math.max(most, value));
const transpose = (rows) => rows[0].map((_, x) => rows.map((row) => row[x]));
const sides = (rows) => [rows[0], rows.at(-1), rows.map((row) => row[0]), rows.map((row) => row.at(-1))];
const apply = (rows, change) => rows.map((row) => row.map(change));
const lengths = (spans) => spans.map(([start, stop]) => stop - start);
const cut = (rows, [top, bottom], [left, right]) =>
  rows.slice(top, bottom).map((row) => row.slice(left, right));

function median(values) {
  const sorted = Float64Array.from(values).sort();
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/* The level of the paper of a picture, whose edges are paper. */
function paper(grey) {
  return median(sides(grey).map(median));
}

/* grey: 0-255, dark on light or light on dark. Returns the strokes, 0 paper to 255 ink; null if the
   picture is blank. */
function ink(grey) {
  const level = paper(grey);
  let darker = apply(grey, (value) => level - value);
  const power = sum(darker.flat().map((value) => value * Math.abs(value)));
  if (power < 0) darker = apply(darker, (value) => -value); // it is light on dark
  const strongest = highest(darker.flat());
  if (strongest < CONTRAST) return null;
  return apply(darker, (value) =>
    value < FAINT * strongest ? 0 : Math.floor((value / strongest) * 255 + 0.5),
  );
}

/* The image that models get: a level for each of the SIDE * SIDE pixels, row after row. */
function place(strokes) {
  const spans = boxOf(strokes);
  const scale = BOX / highest(lengths(spans));
  const [down, across] = [strokes, transpose(strokes)].map((lines, axis) =>
    resampling(lines.map(sum), ...spans[axis], scale),
  );
  const shrink = (rows, weights) =>
    weights.map((of) => rows[0].map((_, x) => sum(of.map(([y, weight]) => weight * rows[y][x]))));
  const image = transpose(shrink(transpose(shrink(strokes, down)), across)).flat();
  return Uint8Array.from(image, (level) => Math.min(255, Math.floor(level + 0.5)));
}

/* For each of the SIDE pixels of one axis, the [pixel, weight] of the picture that it averages. */
function resampling(profile, start, stop, scale) {
  const kept = profile.slice(start, stop);
  const moment = sum(kept.map((value, index) => value * (start + index + 0.5)));
  const wanted = Math.floor(CENTRE - (moment / sum(kept) - start) * scale + 0.5);
  const offset = Math.max(0, Math.min(wanted, SIDE - (stop - start) * scale));
  const edge = (pixel) => Math.min(stop, Math.max(start, (pixel - offset) / scale + start));
  const covered = (pixel, at) => Math.min(edge(pixel + 1), at + 1) - Math.max(edge(pixel), at);
  return Array.from({ length: SIDE }, (_, pixel) =>
    kept.map((_, n) => [start + n, covered(pixel, start + n) * scale]).filter(([, weight]) => weight > 0),
  );
}

/* The spans of the rows and of the columns that ink reaches. */
function boxOf(strokes) {
  return [strokes, transpose(strokes)].map((lines) => span(lines.map(sum)));
}

/* Start and stop of the ink in a profile, but for what may be stray at either end. */
function span(profile) {
  const total = sum(profile);
  let before = 0;
  const inside = profile.map((value) => {
    before += value;
    return before > STRAY * total && total - before + value > STRAY * total;
  });
  return [inside.indexOf(true), inside.lastIndexOf(true) + 1];
}

/* Why ink cannot be that of one digit, as digits/pictures/prepared.py names it; null if it can. A
   blot is a dot of a tenth of the picture or more. */
function refusal(strokes) {
  const box = boxOf(strokes);
  const [high, wide] = lengths(box);
  const longer = Math.max(high, wide);
  if (longer < MIN_SIDE || isDot(strokes)) return longer < strokes.length / 10 ? "DOT" : "BLOT";
  const inside = cut(strokes, ...box);
  const clear = transpose(inside).map((column) => sum(column) <= MAX_CLEAR_INK * 255 * high);
  for (const { index, 0: gap } of clear.map((none) => (none ? " " : "|")).join("").matchAll(/ +/g)) {
    const parts = [cut(inside, [0, high], [0, index]), cut(inside, [0, high], [index + gap.length])];
    const apart = gap.length >= MIN_GAP * high;
    if (apart && parts.every((part) => isPart(part, sum(inside.flat())))) return "SEVERAL";
  }
  return wide > MAX_WIDTH * high ? "WIDE" : null;
}

function isDot(strokes) {
  const dark = apply(strokes, (value) => +(value > 127));
  const box = boxOf(dark);
  const [high, wide] = lengths(box);
  const round = Math.max(high, wide) <= DOT_ROUND * Math.min(high, wide);
  return round && sum(cut(dark, ...box).flat()) >= DOT_FILL * high * wide;
}

function isPart(part, total) {
  if (!part[0].length || sum(part.flat()) < MIN_INK_SHARE * total) return false;
  const [top, bottom] = span(part.map(sum));
  return bottom - top >= MIN_HEIGHT_SHARE * part.length;
}
