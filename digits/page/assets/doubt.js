/* Doubt an answer to a drawing that is unlike what was learned from: digits/evaluation/doubt.py,
   line for line. The tests hold the two together. */

const SPACES = new Int8Array(bytes(findings.doubt.spaces).buffer);

/* What is doubtful, in words; nothing if the answer is not. grey: as the model got it. */
function doubt(grey, logits) {
  const { fine, known, unsure, limits, sentences, shape } = findings.doubt;
  const [, rows, pixels] = shape;
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  const best = logits[order[0]];
  const torn = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - best), 0));
  const row = (n) => SPACES.subarray((order[0] * rows + n) * pixels, (order[0] * rows + n + 1) * pixels);
  const mean = row(0);
  const differences = reduced(grey, Math.sqrt(pixels)).map((share, i) => share - (mean[i] / fine) * 2);
  let apart = differences.reduce((sum, value) => sum + value * value, -known * (best + torn));
  for (let n = 1; n < rows; n++) {
    const along = row(n).reduce((sum, value, i) => sum + (value / fine) * differences[i], 0);
    apart -= along * along;
  }
  if (apart + unsure * torn <= limits[findings.models[findings.lead].name]) return "";
  const [answer, other] = order.map((place) => findings.classes[place]);
  return sentences[unsure * torn > apart ? "torn" : "unlike"].replace("{answer}", answer).replace("{other}", other);
}

/* The means of square blocks, 0-1. */
function reduced(grey, side) {
  const by = SIDE / side;
  const means = new Float64Array(side * side);
  grey.forEach((level, i) => {
    means[Math.floor(i / SIDE / by) * side + Math.floor((i % SIDE) / by)] += level / 255 / by ** 2;
  });
  return means;
}
