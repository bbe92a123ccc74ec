"use strict";

const { steps, turn } = JSON.parse(document.getElementById("data").textContent);
const last = steps.length - 1;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const at = (id) => document.getElementById(id);
const PAUSE = 2000; // milliseconds from step to step
const TRAVEL = 1000; // along an edge
const TIP = 7; // the length of an arrowhead
const MARGIN = 4; // beside what stands on an edge
const SHIFTS = [0, -1.2, 1.2, -2.4, 2.4, -3.6, 3.6]; // away from its edge, in its halves or heights
const ALARM = /((?:\d+ )?(?<![\w.])(?:NaN|nan|[−-]?inf)(?![\w.]))/; // in a value's text
const SHORT = 12; // characters that leave room beside them on a narrow page
const LEAST = 0.85; // of its size, to which a wide graph shrinks before it has to be scrolled
const MOST = 1.6; // times its size, to which a small graph grows
const hasAddress = location.protocol !== "about:"; // which a notebook's frame has not
let now = -1;
let playing = 0;

// -- what is where ------------------------------------------------------------------------------

const nodes = new Map();
for (const step of steps) {
  for (const key of [...Object.keys(step.values), ...Object.keys(step.cotangents)]) {
    if (at(key)) nodes.set(key, at(key));
  }
}
const picture = document.querySelector("#graph > svg");
const boxes = [...document.querySelectorAll("#graph, #source, .wide, .step")]; // that scroll
const alarmed = known(last, "warnings");
const edges = [...document.querySelectorAll("#graph [data-tail]")];
const rows = [...document.querySelectorAll("tr[data-key]")];
const links = steps.map((step, k) => {
  const link = document.createElement("a");
  link.href = `#step-${k}`;
  link.textContent = step.heading;
  if (!hasAddress) link.onclick = () => (go(k), false);
  return link;
});
listLinks();

/** List all steps below the graph, those of one scope under its name. */
function listLinks() {
  let title = "";
  let list;
  steps.forEach((step, k) => {
    const own = step.scope ? `${step.way}, ${step.scope}` : step.way;
    if (own !== title) {
      title = own;
      const heading = at("outline").appendChild(document.createElement("h3"));
      heading.textContent = own;
      list = at("outline").appendChild(document.createElement("ol"));
      list.start = k;
      list.className = step.way.toLowerCase();
    }
    list.appendChild(document.createElement("li")).append(links[k]);
  });
}

// -- a step -------------------------------------------------------------------------------------

/** Return what has appeared by step k: the latest text for each node, each edge. */
function known(k, what) {
  return Object.assign({}, ...steps.slice(0, k + 1).map((step) => step[what]));
}

function show(k, kept = true) {
  k = Math.max(0, Math.min(last, k));
  if (k === now) return;
  const onward = k === now + 1;
  now = k;
  say(steps[k]);
  paint(steps[k]);
  travel(steps[k], onward);
  light(steps[k]);
  tell();
  boxes.forEach(hint);
  if (kept) remember();
}

/** Write the words and the equations of a step. */
function say(step) {
  document.querySelector(".step").scrollTo(0, 0);
  at("phase").textContent = step.way;
  document.body.dataset.way = step.way.toLowerCase();
  at("count").textContent = `Step ${now} of ${last}${step.scope && ` in ${step.scope}`}`;
  at("heading").textContent = step.heading;
  at("says").textContent = step.says;
  at("link").href = `#step-${now}`;
  const warns = Object.keys(step.warnings).length > 0;
  at("equations").setAttribute("aria-live", step.way === "Gradients" ? "polite" : "off");
  at("equations").replaceChildren(...step.equations.map((chain) => equation(chain, warns)));
}

/** Return one chain of equal things: what is defined to the left, each equal on a line of its own. */
function equation([left, ...equals], warns) {
  const block = document.createElement("div");
  block.className = left.length > SHORT ? "equation long" : "equation";
  equals.forEach((text, i) => {
    const term = document.createElement("span");
    term.className = "term";
    term.textContent = i ? "" : left;
    const sign = document.createElement("span");
    sign.textContent = "=";
    const value = document.createElement("span");
    write(value, text, warns && i === equals.length - 1);
    value.className = i && i === equals.length - 1 ? "final" : "";
    block.append(term, sign, value);
  });
  return block;
}

/** Write into the graph and the table what is known by now. */
function paint(step) {
  const values = known(now, "values");
  const cotangents = known(now, "cotangents");
  const warnings = known(now, "warnings");
  const [forward, backward] = [false, true].map(warned);
  for (const [key, node] of nodes) {
    put(node.querySelector(".fact"), values[key], key in forward);
    put(node.querySelector(".gradient"), cotangents[key], key in backward);
    if (key in alarmed) put(node.querySelector("text > .warning"), warnings[key], false);
    node.classList.toggle("known", key in values);
    node.classList.toggle("focus", key === step.node);
    node.classList.toggle("sender", key === step.sender);
  }
  edges.forEach((edge, i) => {
    edge.classList.toggle("known", edge.dataset.head in values);
    edge.classList.toggle("focus", step.edges.includes(i));
    point(edge, step.edges.includes(i) && Boolean(step.sender));
  });
  for (const row of rows) {
    const key = row.dataset.key;
    put(row.querySelector(".fact"), values[key], key in forward);
    put(row.querySelector(".gradient"), cotangents[key], key in backward);
    row.classList.toggle("focus", key === step.node);
    if (key === step.node) reveal(row.closest(".wide"), row.firstChild);
  }
}

/** Return the nodes at which a step by now told of NaN or infinities, in values or going back. */
function warned(isBack) {
  const told = steps.slice(0, now + 1).filter((step) => (step.way === "Backward") === isBack);
  return Object.assign({}, ...told.map((step) => step.warnings));
}

function put(place, text, marks) {
  if (place) write(place, text ?? "", marks);
}

/** Write some text; where what is not finite comes up in it, with that marked. */
function write(place, text, marks) {
  const pieces = marks ? text.split(ALARM) : [text]; // every second is a match
  const kind = place instanceof SVGElement ? "tspan" : "span";
  const parts = pieces.map((piece, i) => {
    if (i % 2 === 0) return piece;
    const mark = document.createElementNS(place.namespaceURI, kind);
    mark.setAttribute("class", "warning");
    mark.textContent = piece;
    return mark;
  });
  place.replaceChildren(...parts);
}

/** Mark the lines of the source, and bring the first of them and the node into view. */
function light(step) {
  for (const old of document.querySelectorAll("#source .now")) old.classList.remove("now");
  const marks = step.lines.map(at).map((line) => {
    const folded = line.closest("details");
    const title = folded?.querySelector("summary");
    for (const mark of [line, title]) mark?.classList.add("now");
    return folded && !folded.open ? title : line.firstChild;
  });
  if (marks.length) reveal(at("source"), ...marks);
  const ends = [step.node, step.sender].filter((key) => nodes.has(key));
  const tags = document.querySelectorAll(".on-edge.derivative");
  const things = [...ends.map((key) => nodes.get(key).querySelector("path")), ...tags];
  if (things.length) reveal(at("graph"), ...things);
}

/** Scroll a box, and nothing else, to the middle of as many of some things as it has room for. */
function reveal(box, ...things) {
  const [outer, ...inner] = [box, ...things].map((thing) => thing.getBoundingClientRect());
  const offset = (from, to, size) => {
    for (let n = inner.length; ; n--) {
      const begin = Math.min(...inner.slice(0, n).map((rectangle) => rectangle[from]));
      const end = Math.max(...inner.slice(0, n).map((rectangle) => rectangle[to]));
      if (n <= 1 || end - begin < outer[size]) return (begin + end - outer[from] - outer[to]) / 2;
    }
  };
  box.scrollBy({
    left: offset("left", "right", "width"),
    top: offset("top", "bottom", "height"),
    behavior: calm.matches ? "auto" : "smooth",
  });
}

/** Note on which sides of a box there is more, for the style sheet to fade it out there. */
function hint(box) {
  const more = {
    left: box.scrollLeft,
    right: box.scrollWidth - box.clientWidth - box.scrollLeft,
    top: box.scrollTop,
    bottom: box.scrollHeight - box.clientHeight - box.scrollTop,
  };
  box.dataset.more = Object.keys(more).filter((side) => more[side] > 2).join(" ");
}

/** Tell the controls where the page is. */
function tell() {
  const slider = at("slider");
  slider.value = now;
  slider.setAttribute("aria-valuetext", `Step ${now} of ${last}: ${steps[now].heading}`);
  for (const id of ["first", "back"]) at(id).setAttribute("aria-disabled", now === 0);
  for (const id of ["forward", "last"]) at(id).setAttribute("aria-disabled", now === last);
  links.forEach((link, k) => {
    if (k === now) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  });
}

// -- how one moves ------------------------------------------------------------------------------

/** Keep the step in the address, without a place in the history for each. */
function remember() {
  if (hasAddress) history.replaceState(null, "", `#step-${now}`);
}

function stepInAddress() {
  const found = /^#step-(\d+)$/.exec(location.hash);
  return found ? Number(found[1]) : null;
}

function play(on) {
  clearInterval(playing);
  playing = on ? setInterval(() => (now < last ? show(now + 1) : play(false)), PAUSE) : 0;
  document.body.classList.toggle("playing", on);
  at("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (on) show(now < last ? now + 1 : 0);
}

function go(k) {
  play(false);
  show(k);
}

/** Show the whole graph in its box, or as large as it is. */
function fit(whole) {
  at("graph").classList.toggle("whole", whole);
  at("whole").setAttribute("aria-pressed", whole);
  if (!whole) light(steps[now]);
  hint(at("graph"));
}

const KEYS = {
  ArrowLeft: () => go(now - 1),
  ArrowRight: () => go(now + 1),
  Home: () => go(0),
  End: () => go(last),
  " ": () => play(!playing),
  w: () => fit(!at("graph").classList.contains("whole")),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const pressed = event.target.closest("button, summary, a");
  if (!(event.key in KEYS) || (event.key === " " && pressed)) return;
  event.preventDefault();
  KEYS[event.key]();
});
at("first").onclick = KEYS.Home;
at("back").onclick = KEYS.ArrowLeft;
at("play").onclick = KEYS[" "];
at("forward").onclick = KEYS.ArrowRight;
at("last").onclick = KEYS.End;
at("whole").onclick = KEYS.w;
const [width, height] = ["width", "height"].map((side) => picture.getAttribute(side));
picture.style.setProperty("--least", `${LEAST * width}px`);
picture.style.setProperty("--most", `${MOST * width}px`);
picture.style.setProperty("--height", `${height}px`);
at("link").hidden = !hasAddress;
at("slider").max = last;
at("slider").oninput = (event) => go(Number(event.target.value));
at("slider").parentNode.style.setProperty("--turn", `${(100 * turn) / Math.max(1, last)}%`);
for (const box of boxes) box.addEventListener("scroll", () => hint(box));
for (const event of ["resize", "toggle"]) addEventListener(event, () => boxes.forEach(hint), true);
addEventListener("hashchange", () => {
  if (stepInAddress() !== null) go(stepInAddress());
});

show(stepInAddress() ?? 0, stepInAddress() !== null);
