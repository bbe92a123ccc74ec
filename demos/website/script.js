"use strict";
// Pages: the one that is open stands in sight where the row of them is wider than the screen.
const current = document.querySelector("nav [aria-current]");
const header = current.closest("header");
header.scrollLeft = current.offsetLeft - (header.clientWidth - current.offsetWidth) / 2;

// Boxes: keys reach those that are wider than their place, as long as they are.
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const box of document.querySelectorAll("[tabindex]")) watch.observe(box);

// Animations: a row of pictures, which is still until it is started.
for (const box of document.querySelectorAll(".animation")) {
  const { name, frames } = box.dataset;
  const last = Number(frames) - 1;
  const [source, image] = box.querySelectorAll("source, img");
  const player = document.createElement("div");
  player.className = "player";
  player.innerHTML = `<button type="button">Play</button>
    <input type="range" min="0" max="${last}" value="${last}" aria-label="Frame">`;
  box.append(player);
  const [button, slider] = player.children;
  let timer = 0;
  const show = (frame) => {
    const path = `${name}_${String(frame).padStart(3, "0")}`;
    source.srcset = `${path}_dark.svg`;
    image.src = `${path}.svg`;
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `${frame + 1} of ${last + 1}`);
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const play = () => {
    if (Number(slider.value) === last) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      show(Number(slider.value) + 1);
      if (Number(slider.value) === last) pause();
    }, 250);
  };
  button.addEventListener("click", () => (timer ? pause() : play()));
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  show(last);
}
