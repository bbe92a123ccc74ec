// -- what stands on an edge, and what travels along it ------------------------------------------

/** Let an edge's arrowhead point back at its tail, or at its head again. */
function point(edge, isBack) {
  if (edge.classList.toggle("back", isBack) === "drawn" in edge.dataset) return;
  const [line, arrow] = edge.querySelectorAll("path");
  if (!isBack) {
    [line, arrow].forEach((path, i) => path.setAttribute("d", edge.dataset.drawn.split("|")[i]));
    delete edge.dataset.drawn;
    return;
  }
  edge.dataset.drawn = [line, arrow].map((path) => path.getAttribute("d")).join("|");
  const [tip, base] = [0, TIP].map((length) => line.getPointAtLength(length));
  const [x, y] = [(base.x - tip.x) / TIP, (base.y - tip.y) / TIP];
  const side = (sign) => `${base.x + (sign * y * TIP) / 2.4} ${base.y - (sign * x * TIP) / 2.4}`;
  const end = arrow.getPointAtLength(0);
  line.setAttribute("d", `${line.getAttribute("d")}L${end.x} ${end.y}`);
  arrow.setAttribute("d", `M${tip.x} ${tip.y}L${side(1)}L${side(-1)}z`);
}

/** Write a step's local derivatives on its edges, and let its number move back along its edge. */
function travel(step, moves) {
  for (const old of document.querySelectorAll(".on-edge")) old.remove();
  const others = document.querySelectorAll("#graph .node > path, #graph .cluster text");
  const taken = [...others].map((other) => other.getBBox());
  const warns = Object.keys(step.warnings).length > 0;
  for (const i of step.edges) {
    const token = step.token && moves && !calm.matches && tag(step.token, "token", false);
    const label = step.derivatives[i] && tag(step.derivatives[i], "derivative", warns);
    const others = [...taken];
    if (label) taken.push(stand(label, i, others, token ? swath(token, edges[i]) : []));
    if (token) move(token, edges[i], () => label && stand(label, i, others, []));
  }
}

/** Return the boxes that a tag covers as it moves along an edge. */
function swath(group, edge) {
  const { width, height } = group.getBBox();
  return wayBack(edge).map(({ x, y }) => ({ x: x - width / 2, y: y - height / 2, width, height }));
}

/** Return some text on a ground of its own, in front of the graph. */
function tag(text, role, marks) {
  const [group, ground, words] = ["g", "rect", "text"].map((kind) =>
    document.createElementNS("http://www.w3.org/2000/svg", kind));
  group.setAttribute("class", `on-edge ${role}`);
  group.append(ground, words);
  picture.append(group);
  write(words, text, marks);
  const { x, y, width, height } = words.getBBox();
  const sides = { x: x - MARGIN, y: y - 1, width: width + 2 * MARGIN, height: height + 2, rx: 4 };
  for (const [name, value] of Object.entries(sides)) ground.setAttribute(name, value);
  return group;
}

function placeAt(group, { x, y }) {
  group.setAttribute("transform", `translate(${x} ${y})`);
}

/** Put a tag where it covers nothing, nor what passes, as near to its edge's middle as can be. */
function stand(group, i, taken, passing) {
  const path = edges[i].querySelector("path");
  const { width, height } = group.getBBox();
  const sheet = picture.viewBox.baseVal;
  const within = (x, half, size) => Math.max(half, Math.min(size - half, x));
  const length = path.getTotalLength();
  let best = { cost: Infinity };
  for (const part of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9]) {
    const point = path.getPointAtLength(length * part);
    for (const aside of SHIFTS) {
      for (const up of SHIFTS) {
        const x = within(point.x + aside * (width / 2), width / 2, sheet.width);
        const y = within(point.y + up * height, height / 2, sheet.height);
        const box = { x: x - width / 2, y: y - height / 2, width, height };
        const far = Math.abs(x - point.x) + Math.abs(y - point.y);
        const passed = Math.max(0, ...passing.map((other) => shared(box, other)));
        const covered = taken.reduce((sum, other) => sum + shared(box, other), passed);
        const cost = 100 * covered + far + 0.1 * length * Math.abs(part - 0.5);
        if (cost < best.cost) best = { cost, x, y, box };
      }
    }
  }
  placeAt(group, best);
  return best.box;
}

/** Return the area that two boxes share. */
function shared(a, b) {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Return points on the way out of the node that an edge leads to, into the one before. */
function wayBack(edge) {
  const path = edge.querySelector("path");
  const length = path.getTotalLength();
  const on = Array.from({ length: 21 }, (_, k) => path.getPointAtLength(length * (1 - k / 20)));
  return [middle(edge.dataset.head), ...on, middle(edge.dataset.tail)];
}

/** Move a tag back along an edge, and do something when it has arrived. */
function move(group, edge, arrived) {
  const way = wayBack(edge);
  const ends = [0];
  for (let k = 1; k < way.length; k++) {
    ends.push(ends[k - 1] + Math.hypot(way[k].x - way[k - 1].x, way[k].y - way[k - 1].y));
  }
  const begin = performance.now();
  const frame = (time) => {
    const part = Math.min(1, Math.max(0, (time - begin) / TRAVEL));
    const gone = ends.at(-1) * part * part * (3 - 2 * part);
    const k = Math.max(1, ends.findIndex((end) => end >= gone));
    const rest = (gone - ends[k - 1]) / (ends[k] - ends[k - 1] || 1);
    const at = (axis) => way[k - 1][axis] + rest * (way[k][axis] - way[k - 1][axis]);
    placeAt(group, { x: at("x"), y: at("y") });
    if (part === 1 && group.isConnected) {
      group.remove();
      arrived();
    } else if (group.isConnected) requestAnimationFrame(frame);
  };
  frame(begin);
}

function middle(key) {
  const { x, y, width, height } = at(key).querySelector("path").getBBox();
  return { x: x + width / 2, y: y + height / 2 };
}
