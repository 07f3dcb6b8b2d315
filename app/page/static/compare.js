// Two pictures of a comparison: side by side, one swiped over the other, or only their difference.
// What differs is boxed and numbered in both; a part's boxes and its row in the reply light up together.
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

  function tag([x0, y0], part, image) {
    const place = `left: ${100 * x0 / image.width}%; top: ${100 * y0 / image.height}%`;
    return el("b", { style: place, "data-part": part, "aria-hidden": "true" }, String(part));
  }

  function sideBySide(pair, images, labels, light) {
    const pictures = [images[pair.first], images[pair.second]];
    const both = pictures.map((image, side) => figure(image, labels[side]));
    pair.regions.forEach((region, at) => [region.first, region.second].forEach((where, side) => {
      const box = rect(where, `${at + 1}`);
      box.dataset.part = at + 1;
      box.addEventListener("pointerenter", () => light(at + 1, true));
      box.addEventListener("pointerleave", () => light(at + 1, false));
      both[side].boxes.append(box);
      both[side].node.append(tag(where, at + 1, pictures[side]));
    }));
    return el("div", { class: "sl-side" }, ...both.map(({ node }) => node));
  }

  // The reply has a table for each pair, and in it a row for each part.
  const tablesOf = (place) => [...place.closest(".message-row")?.nextElementSibling?.querySelectorAll("table") ?? []];
  const rowsOf = (table) => [...table?.tBodies[0]?.rows ?? []];
  const partOf = (row) => Number(row.cells[0]?.innerText);

  // A part's boxes, and its row in the reply.
  function lighter(place, stage, at) {
    return (part, on) => {
      const row = rowsOf(tablesOf(place)[at]).find((each) => partOf(each) === part);
      for (const each of [...stage.querySelectorAll(`[data-part="${part}"]`), ...(row ? [row] : [])]) each.classList.toggle("sl-lit", on);
    };
  }

  // The table is drawn by the chat, and may be drawn anew: so it is listened to from outside.
  for (const [event, on] of [["pointerover", true], ["pointerout", false]]) {
    document.addEventListener(event, ({ target }) => {
      const row = target.closest?.("#hist .prose tbody tr");
      const place = row?.closest(".message-row").previousElementSibling?.querySelector('.sl-panel[data-job="compare"]');
      if (place) place.lights?.[tablesOf(place).indexOf(row.closest("table"))]?.(partOf(row), on);
    });
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
    place.lights = [];
    for (const pair of pairs) {
      const labels = [pair.first, pair.second].map((at) => words.picture_n.replace("{n}", at + 1));
      const stage = el("div", { class: "sl-compared", style: `--ratio: ${images[pair.first].width / images[pair.first].height}` });
      const light = lighter(place, stage, place.lights.length);
      place.lights.push(light);
      const ways = pair.same_scene ? WAYS : ["side"];
      const tabs = ways.map((way) => el("button", { type: "button", "aria-pressed": "false", onclick: () => show(way) }, words[`compare_${way}`]));
      const show = (way) => {
        tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(ways[at] === way)));
        stage.replaceChildren(way === "side" ? sideBySide(pair, images, labels, light) : over(pair, images, labels, way, words));
      };
      place.append(...(ways.length > 1 ? [el("div", { class: "sl-ways", role: "group", "aria-label": words.compare_ways }, ...tabs)] : []), stage);
      show("side");
    }
  });
})();
