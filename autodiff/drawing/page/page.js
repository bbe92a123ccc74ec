"use strict";

const { steps, turn } = JSON.parse(document.getElementById("data").textContent);
const last = steps.length - 1;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const at = (id) => document.getElementById(id);
const PAUSE = 2000; // milliseconds from step to step
const TRAVEL = 700; // along an edge
const SHORT = 12; // characters that leave room beside them on a narrow page
const LEAST = 0.85; // of its size, to which a wide graph shrinks before it has to be scrolled
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
  light(steps[k]);
  tell();
  travel(steps[k], onward);
  if (kept) remember();
}

/** Write the words and the equations of a step. */
function say(step) {
  at("phase").textContent = step.way;
  document.body.dataset.way = step.way.toLowerCase();
  at("count").textContent = `Step ${now} of ${last}${step.scope && ` in ${step.scope}`}`;
  at("heading").textContent = step.heading;
  at("says").textContent = step.says;
  at("link").href = `#step-${now}`;
  at("equations").replaceChildren(...step.equations.map(equation));
}

/** Return one chain of equal things: what is defined to the left, each equal on a line of its own. */
function equation([left, ...equals]) {
  const block = document.createElement("div");
  block.className = left.length > SHORT ? "equation long" : "equation";
  equals.forEach((text, i) => {
    const term = document.createElement("span");
    term.className = "term";
    term.textContent = i ? "" : left;
    const sign = document.createElement("span");
    sign.textContent = "=";
    const value = document.createElement("span");
    value.textContent = text;
    value.className = i && i === equals.length - 1 ? "final" : "";
    block.append(term, sign, value);
  });
  return block;
}

/** Write into the graph and the table what is known by now. */
function paint(step) {
  const values = known(now, "values");
  const cotangents = known(now, "cotangents");
  for (const [key, node] of nodes) {
    put(node.querySelector(".fact"), values[key]);
    put(node.querySelector(".gradient"), cotangents[key]);
    node.classList.toggle("known", key in values);
    node.classList.toggle("focus", key === step.node);
    node.classList.toggle("sender", key === step.sender);
  }
  edges.forEach((edge, i) => {
    edge.classList.toggle("known", edge.dataset.head in values);
    edge.classList.toggle("focus", step.edges.includes(i));
  });
  for (const row of rows) {
    const key = row.dataset.key;
    put(row.querySelector(".fact"), values[key]);
    put(row.querySelector(".gradient"), cotangents[key]);
    row.classList.toggle("focus", key === step.node);
    if (key === step.node) reveal(row.closest(".wide"), row.firstChild);
  }
}

function put(place, text) {
  if (place) place.textContent = text ?? "";
}

/** Mark the line of the source, and bring it and the node into view. */
function light(step) {
  for (const line of document.querySelectorAll(".line.now")) line.classList.remove("now");
  const line = step.line && at(step.line);
  if (line) {
    line.classList.add("now");
    reveal(at("source"), line.firstChild);
  }
  const ends = [step.node, step.sender].filter((key) => nodes.has(key));
  if (ends.length) reveal(at("graph"), ...ends.map((key) => nodes.get(key).querySelector("path")));
}

/** Scroll a box, and nothing else, to the middle of some things, or of the first if it is small. */
function reveal(box, ...things) {
  const [outer, ...inner] = [box, ...things].map((thing) => thing.getBoundingClientRect());
  const offset = (from, to, size) => {
    const begin = Math.min(...inner.map((rectangle) => rectangle[from]));
    const end = Math.max(...inner.map((rectangle) => rectangle[to]));
    const fits = end - begin < outer[size];
    const middle = fits ? begin + end : inner[0][from] + inner[0][to];
    return (middle - outer[from] - outer[to]) / 2;
  };
  box.scrollBy({
    left: offset("left", "right", "width"),
    top: offset("top", "bottom", "height"),
    behavior: calm.matches ? "auto" : "smooth",
  });
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

// -- what stands on an edge, and what travels along it ------------------------------------------

/** Write a step's local derivatives on its edges, and let its number move back along its edge. */
function travel(step, moves) {
  for (const old of document.querySelectorAll(".on-edge")) old.remove();
  for (const i of step.edges) {
    const path = edges[i].querySelector("path");
    if (step.derivatives[i]) stand(write(path, step.derivatives[i], "derivative"), path, 0.5);
    if (step.token && moves && !calm.matches) move(write(path, step.token, "token"), path);
  }
}

function write(path, text, role) {
  const place = document.createElementNS("http://www.w3.org/2000/svg", "text");
  place.textContent = text;
  place.setAttribute("class", `on-edge ${role}`);
  path.ownerSVGElement.append(place);
  return place;
}

/** Put some text at a part of the way along a path. */
function stand(text, path, part) {
  const { x, y } = path.getPointAtLength(path.getTotalLength() * part);
  text.setAttribute("x", x);
  text.setAttribute("y", y);
}

/** Move some text against the arrow of its edge. */
function move(text, path) {
  const begin = performance.now();
  const frame = (time) => {
    const part = Math.min(1, Math.max(0, (time - begin) / TRAVEL));
    stand(text, path, 1 - part * part * (3 - 2 * part));
    if (part === 1) text.remove();
    else if (text.isConnected) requestAnimationFrame(frame);
  };
  frame(begin);
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

const KEYS = {
  ArrowLeft: () => go(now - 1),
  ArrowRight: () => go(now + 1),
  Home: () => go(0),
  End: () => go(last),
  " ": () => play(!playing),
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
const picture = document.querySelector("#graph > svg");
picture.style.minWidth = `${LEAST * picture.getAttribute("width")}px`;
at("link").hidden = !hasAddress;
at("slider").max = last;
at("slider").oninput = (event) => go(Number(event.target.value));
at("slider").parentNode.style.setProperty("--turn", `${(100 * turn) / Math.max(1, last)}%`);
addEventListener("hashchange", () => {
  if (stepInAddress() !== null) go(stepInAddress());
});

show(stepInAddress() ?? 0, stepInAddress() !== null);
