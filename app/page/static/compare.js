// Two pictures of a comparison: side by side, one swiped over the other, or only their difference.
// What differs is boxed in both; the same box in each lights up together.
(() => {
  const { el } = window.secondLook;
  const SVG = "http://www.w3.org/2000/svg";
  const WAYS = ["side", "swipe", "difference"];

  function figure(image, label) {
    const boxes = document.createElementNS(SVG, "svg");
    boxes.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
    return { boxes, node: el("figure", { style: `aspect-ratio: ${image.width} / ${image.height}` },
      el("img", { src: image.src, alt: label }), boxes, el("figcaption", {}, label)) };
  }

  function rect([x0, y0, x1, y1], label) {
    const box = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 })) box.setAttribute(name, value);
    const title = document.createElementNS(SVG, "title");
    title.textContent = label;
    box.append(title);
    return box;
  }

  // The second picture lies over the first as its matrix says: CSS wants it column by column,
  // in the pixels of the screen.
  function laid(matrix, first, second, shownWidth) {
    const [a, b, c, d, e, f, g, h, i] = matrix;
    const to = shownWidth / first.width;
    const from = shownWidth / second.width; // it is drawn as wide as the first, then placed
    return `matrix3d(${[a * to / from, d * to / from, 0, g / from, b * to / from, e * to / from, 0, h / from, 0, 0, 1, 0, c * to, f * to, 0, i].join(",")})`;
  }

  function sideBySide(pair, images, labels) {
    const both = [figure(images[pair.first], labels[0]), figure(images[pair.second], labels[1])];
    pair.regions.forEach((region, at) => {
      const boxes = [rect(region.first, `${at + 1}`), rect(region.second, `${at + 1}`)];
      boxes.forEach((box, side) => {
        box.addEventListener("pointerenter", () => boxes.forEach((each) => each.classList.add("sl-lit")));
        box.addEventListener("pointerleave", () => boxes.forEach((each) => each.classList.remove("sl-lit")));
        both[side].boxes.append(box);
      });
    });
    return el("div", { class: "sl-side" }, ...both.map(({ node }) => node));
  }

  function over(pair, images, labels, way, words) {
    const [first, second] = [images[pair.first], images[pair.second]];
    const lower = figure(first, way === "swipe" ? labels[0] : "");
    const upper = el("img", { class: "sl-upper", src: second.src, alt: labels[1] });
    const clip = el("div", { class: "sl-clip" }, upper);
    const stage = el("div", { class: "sl-over", "data-way": way }, lower.node, clip);
    new ResizeObserver(() => {
      const width = lower.node.clientWidth;
      upper.style.width = `${width}px`;
      upper.style.transform = laid(pair.matrix, first, second, width);
    }).observe(lower.node);
    if (way !== "swipe") return stage;
    const line = el("i", {});
    const slider = el("input", { type: "range", min: 0, max: 100, value: 50, step: 0.5, "aria-label": words.compare_swipe });
    const set = () => { clip.style.clipPath = `inset(0 0 0 ${slider.value}%)`; line.style.left = `${slider.value}%`; };
    slider.addEventListener("input", set);
    set();
    stage.append(line, slider, el("span", { class: "sl-over-name" }, labels[1]));
    return stage;
  }

  window.secondLook.panel("compare", async (place, conversation, turn) => {
    const response = await fetch(`/turn/${conversation}/${turn}`);
    if (!response.ok) return;
    const { images, pairs } = await response.json();
    const words = window.secondLook.words;
    for (const pair of pairs) {
      const labels = [pair.first, pair.second].map((at) => words.picture_n.replace("{n}", at + 1));
      const stage = el("div", { class: "sl-compared" });
      const ways = pair.same_scene ? WAYS : ["side"];
      const tabs = ways.map((way) => el("button", { type: "button", "aria-pressed": "false", onclick: () => show(way) }, words[`compare_${way}`]));
      const show = (way) => {
        tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(ways[at] === way)));
        stage.replaceChildren(way === "side" ? sideBySide(pair, images, labels) : over(pair, images, labels, way, words));
      };
      place.append(...(ways.length > 1 ? [el("div", { class: "sl-ways", role: "group", "aria-label": words.compare_ways }, ...tabs)] : []), stage);
      show("side");
    }
  });
})();
