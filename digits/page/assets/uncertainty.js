/* Find uncertain answers: digits/evaluation/uncertainty.py in another language. */

const COMPONENTS = new Int8Array(bytes(findings.reference.components).buffer);

/* Why an answer is uncertain, in words; nothing if it is not. grey: as the model got it. */
function uncertain(grey, logits) {
  const { levels, logsumexp, ambiguity, thresholds, reasons, shape } = findings.reference;
  const [, count, pixels] = shape;
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  const best = logits[order[0]];
  const surprise = Math.log(sum(logits.map((logit) => Math.exp(logit - best)))); // -ln(softmax)
  const [mean, ...components] = Array.from({ length: count }, (_, n) =>
    COMPONENTS.subarray((order[0] * count + n) * pixels).subarray(0, pixels),
  );
  const differences = reduced(grey, Math.sqrt(pixels)).map((share, i) => share - (mean[i] / levels) * 2);
  const along = components.map((one) => sum(differences.map((value, i) => (one[i] / levels) * value)));
  const squares = (values) => sum(values.map((value) => value * value));
  const score = squares(differences) - squares(along) - logsumexp * (best + surprise);
  if (score + ambiguity * surprise <= thresholds[findings.models[findings.lead].name]) return "";
  const [answer, other] = order.map((place) => findings.classes[place]);
  const reason = reasons[ambiguity * surprise > score ? "ambiguous" : "unknown"];
  return reason.replace("{answer}", answer).replace("{other}", other);
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
