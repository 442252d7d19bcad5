/* Explain an answer by occlusion: toggle the ink of one small square after another, and see how far
   the confidence moves. It takes nothing of a model but its answers. */

const ACROSS = 7; // squares in a row
const SQUARES = Array.from({ length: SIDE * SIDE }, (_, i) => {
  const [x, y] = [i % SIDE, i / SIDE].map((at) => Math.floor((at * ACROSS) / SIDE));
  return y * ACROSS + x;
}); // that of each pixel

/* Erase the ink of a square, or add ink where there is none; return the leading model's answer. */
function toggle(square, grey) {
  const strongest = Math.max(...grey);
  const inked = grey.some((level, i) => SQUARES[i] === square && level > strongest / 4);
  const to = inked ? 0 : strongest;
  const found = infer(findings.lead, grey.map((level, i) => (SQUARES[i] === square ? to : level)));
  return { square, inked, ...found };
}

/* Return where a square is, in words. */
function whereabouts(square) {
  const third = (place, names) => names[Math.floor((3 * (place + 0.5)) / ACROSS)];
  const down = third(Math.floor(square / ACROSS), ["top", "", "bottom"]);
  const across = third(square % ACROSS, ["left", "", "right"]);
  return down || across ? `at the ${[down, across].filter(Boolean).join(" ")}` : "in the middle";
}

/* Colour the pixels of a canvas. colour: of the pixel at i, red, green and blue. */
function paint(id, colour) {
  const pixels = Uint8ClampedArray.from(SQUARES.flatMap((_, i) => [...colour(i), 255]));
  byId(id).getContext("2d").putImageData(new ImageData(pixels, SIDE), 0, 0);
}

/* Explain the leading model's answer to an image, if there is one, or why it is not class `asked`. */
function explain(grey, answer, asked) {
  const say = (id, text) => (byId(id).textContent = text);
  if (!answer) {
    paint("why", () => [255, 255, 255]);
    say("why-heading", "Why?");
    return say("because", "Draw, to see which ink speaks for the answer and which against it.");
  }
  const about = asked ?? answer.digit;
  const margin = ({ logits }) => logits[about] - Math.max(...logits.filter((_, n) => n !== about));
  const squares = Array.from({ length: ACROSS * ACROSS }, (_, square) => toggle(square, grey));
  const speaks = squares.map((one) => margin(answer) - margin(one)); // for the class, as it is now
  const strongest = Math.max(...speaks.map(Math.abs), 1e-9);
  paint("why", (i) => {
    const under = 255 - grey[i] / 2; // the ink, in grey
    const over = speaks[SQUARES[i]] > 0 ? [98, 30, 160] : [214, 120, 0];
    const share = (0.8 * Math.abs(speaks[SQUARES[i]])) / strongest;
    return over.map((level) => under + share * (level - under));
  });
  const [now, sign] = [percent(answer.softmax[about]), about === answer.digit ? 1 : -1];
  const changes = squares.sort((a, b) => sign * (speaks[b.square] - speaks[a.square]));
  const said = [["Without the ink", true], ["With more ink", false]]
    .map(([change, inked]) => [change, changes.find((one) => one.inked === inked)])
    .filter(([, one]) => one && percent(one.softmax[about]) !== now)
    .map(([change, { square, softmax }]) =>
      `${change} ${whereabouts(square)} it would be ${percent(softmax[about])}.`);
  if (!said.length) said.push("Changing one square of ink makes no visible difference.");
  const name = findings.classes[about];
  say("why-heading", `${sign > 0 ? "Why" : "Why not"} ${name}?`);
  say("because", [`The confidence in ${name} is ${now}.`, ...said].join(" "));
}
