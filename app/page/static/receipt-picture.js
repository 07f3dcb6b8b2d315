// The picture beside a receipt's fields: their boxes on it, and the part of it that one looks at.
(() => {
  const { el, icon } = window.secondLook;
  const CLOSEST = 2.5; // screen pixels for one of the picture, at most
  const WIDE = 0.82, HIGH = 0.14; // of the view, that the part one looks at takes at most

  // pictures: [{src, width, height, name}]; on: {hover(paths or null), pick(path)}
  function receiptPicture(pictures, words, on) {
    const image = el("img", { class: "slip-image", alt: "", draggable: "false" });
    const stage = el("div", { class: "slip-stage" }, image);
    const view = el("div", { class: "slip-view" }, stage);
    const whole = el("button", { type: "button", class: "slip-tool slip-whole", hidden: "", title: words.whole,
      "aria-label": words.whole, onclick: () => on.pick(null) }, icon("close"));
    const open = el("a", { class: "sl-picture slip-open", target: "_blank" }, words.enlarge);
    const pages = el("div", { class: "slip-pages" });
    const caption = el("div", { class: "slip-caption" });
    const element = el("figure", { class: "slip-picture" }, view, whole, el("div", { class: "slip-under" }, caption, pages, open));
    let boxes = [], shown = 0, near = null;

    const size = () => pictures[shown];
    const find = (path) => boxes.find((each) => each.paths.includes(path));

    function show(place) {
      if (!pictures[place]) return;
      shown = place;
      const { src, name } = size();
      if (image.getAttribute("src") !== src) image.src = src;
      image.alt = name;
      open.href = src;
      open.title = name;
      for (const each of boxes) each.node.hidden = each.image !== shown;
      for (const button of pages.children) button.setAttribute("aria-pressed", String(Number(button.dataset.place) === shown));
      settle();
    }

    // The stage is moved and scaled so that the whole picture, or the box looked at, fills the view.
    function settle() {
      const { width, height } = size();
      view.style.setProperty("--tall", height / width);
      const { clientWidth: across, clientHeight: down } = view;
      const fit = Math.min(across / width, down / height);
      let scale = fit, x = width / 2, y = height / 2;
      if (near?.image === shown) {
        const [x0, y0, x1, y1] = near.box;
        const close = Math.min((across * WIDE) / Math.max(1, x1 - x0), (down * HIGH) / Math.max(1, y1 - y0), CLOSEST);
        scale = Math.max(fit, close);
        [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      }
      const within = (middle, all, room) => all * scale <= room ? (room - all * scale) / 2
        : Math.min(0, Math.max(room - all * scale, room / 2 - middle * scale));
      stage.style.width = `${width * fit}px`;
      stage.style.height = `${height * fit}px`;
      stage.style.transform = `translate(${within(x, width, across)}px, ${within(y, height, down)}px) scale(${scale / fit})`;
      stage.style.setProperty("--near", scale / fit);
    }

    function box({ paths, image: place, box: [x0, y0, x1, y1], state }) {
      const { width, height } = pictures[place];
      const node = el("div", { class: "slip-box", "data-state": state, onpointerenter: () => on.hover(paths),
        onpointerleave: () => on.hover(null), onclick: (event) => { event.stopPropagation(); on.pick(paths[0]); } });
      const percent = (part, all) => `${(100 * part) / all}%`;
      Object.assign(node.style, { left: percent(x0, width), top: percent(y0, height),
        width: percent(x1 - x0, width), height: percent(y1 - y0, height) });
      return node;
    }

    // found: [{paths, image, box, state}]; places: of the pictures that the receipt is on
    function draw(found, places) {
      boxes.forEach((each) => each.node.remove());
      boxes = found.filter((each) => pictures[each.image]).map((each) => ({ ...each, node: box(each) }));
      stage.append(...boxes.map((each) => each.node));
      pages.replaceChildren(...(places.length < 2 ? [] : places.map((place) => el("button", { type: "button",
        class: "slip-page", "data-place": place, "aria-label": words.picture[place], title: words.picture[place],
        onclick: () => { on.pick(null); show(place); } }, String(place + 1)))));
      near = near && boxes.find((each) => each.paths.some((path) => near.paths.includes(path)));
      show(near ? near.image : places.includes(shown) ? shown : places[0] ?? 0);
    }

    function light(paths) {
      for (const each of boxes) each.node.classList.toggle("slip-lit", each.paths.some((path) => paths.includes(path)));
      const first = boxes.find((each) => paths.includes(each.paths[0]) || each.paths.some((path) => paths.includes(path)));
      if (first && !near && first.image !== shown) show(first.image);
    }

    function lookAt(path) {
      near = path ? find(path) : null;
      whole.hidden = !near;
      element.classList.toggle("slip-near", Boolean(near));
      if (near) show(near.image); else settle();
    }

    // What one points at, and how sure it is; else how to find out.
    function say(...lines) {
      const said = lines.filter(Boolean).slice(0, 2).map((line) => el("span", {}, line));
      caption.replaceChildren(...(said.length ? said : [el("span", { class: "slip-hint" }, words.hint)]));
    }

    view.addEventListener("click", () => { if (near) on.pick(null); else open.click(); });
    new ResizeObserver(settle).observe(view);
    return { element, draw, light, lookAt, say };
  }

  window.secondLook.receiptPicture = receiptPicture;
})();
