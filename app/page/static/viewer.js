// A turn's pictures, large: zoom, pan, and where the lines that were read stand.
(() => {
  const { el, icon } = window.secondLook;
  const SVG = "http://www.w3.org/2000/svg";
  const MOST = 16; // screen pixels for one of the picture

  // images: [{src, width, height, name}]; lines: [{text, bbox: [x0, y0, x1, y1], image}]
  function view({ images, lines = [], at = 0 }) {
    const words = window.secondLook.words;
    let scale = 1, x = 0, y = 0;
    const picture = el("img", { draggable: "false" });
    const boxes = document.createElementNS(SVG, "svg");
    const sheet = el("div", { class: "sl-sheet" }, picture, boxes);
    const stage = el("div", { class: "sl-stage", tabindex: 0 }, sheet);
    const list = el("ol", { class: "sl-lines", "aria-label": words.view_lines });
    const count = el("span", { class: "sl-view-count" });
    const tool = (name, label, onclick) => el("button", { type: "button", title: label, "aria-label": label, onclick }, icon(name));
    const shows = tool("boxes", words.view_boxes, () => {
      shows.setAttribute("aria-pressed", String(dialog.classList.toggle("sl-boxes")));
    });
    const dialog = el("dialog", { class: "sl-lightbox", "aria-label": images[at].name },
      stage, ...(lines.length ? [list] : []),
      el("div", { class: "sl-view-tools", role: "toolbar" },
        ...(images.length > 1 ? [tool("left", words.view_before, () => go(-1)), count, tool("right", words.view_next, () => go(1))] : []),
        tool("minus", words.view_out, () => zoom(1 / 1.4)), tool("plus", words.view_in, () => zoom(1.4)),
        tool("fit", words.view_fit, fit), ...(lines.length ? [shows] : []),
        tool("close", words.set_close, () => dialog.close())));

    let fitted = true; // until somebody moves it: a stage of another size is fitted anew only then

    function place(whole = false) {
      fitted = whole;
      sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    }

    function fit() {
      const { width, height } = images[at];
      const { clientWidth, clientHeight } = stage;
      scale = Math.min(clientWidth / width, clientHeight / height, 2);
      x = (clientWidth - width * scale) / 2;
      y = (clientHeight - height * scale) / 2;
      place(true);
    }

    // Around a point of the stage, its middle by default.
    function zoom(by, px = stage.clientWidth / 2, py = stage.clientHeight / 2) {
      const next = Math.min(MOST, Math.max(0.02, scale * by));
      x = px - (px - x) * next / scale;
      y = py - (py - y) * next / scale;
      scale = next;
      place();
    }

    function lookAt([x0, y0, x1, y1]) {
      const { clientWidth, clientHeight } = stage;
      scale = Math.min(clientWidth * 0.8 / (x1 - x0), clientHeight * 0.4 / (y1 - y0), 3);
      x = clientWidth / 2 - (x0 + x1) / 2 * scale;
      y = clientHeight / 2 - (y0 + y1) / 2 * scale;
      place();
    }

    // A line and its box are one thing to whoever points at either.
    function linked(line) {
      const [x0, y0, x1, y1] = line.bbox;
      const box = document.createElementNS(SVG, "rect");
      for (const [name, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 })) box.setAttribute(name, value);
      const entry = el("li", {}, el("button", { type: "button", onclick: () => lookAt(line.bbox) }, line.text));
      const light = (yes) => () => { for (const node of [box, entry]) node.classList.toggle("sl-lit", yes); };
      for (const node of [box, entry]) {
        node.addEventListener("pointerenter", light(true));
        node.addEventListener("pointerleave", light(false));
        node.addEventListener("focusin", light(true));
        node.addEventListener("focusout", light(false));
      }
      box.addEventListener("pointerenter", () => entry.scrollIntoView({ block: "nearest" }));
      return [box, entry];
    }

    function show() {
      const { src, width, height, name } = images[at];
      picture.src = src;
      picture.alt = name;
      for (const node of [sheet, picture]) { node.style.width = `${width}px`; node.style.height = `${height}px`; }
      boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const pairs = lines.filter((line) => (line.image ?? 0) === at).map(linked);
      boxes.replaceChildren(...pairs.map(([box]) => box));
      list.replaceChildren(...pairs.map(([, entry]) => entry));
      count.textContent = `${at + 1} / ${images.length}`;
      fit();
    }

    function go(step) { at = (at + step + images.length) % images.length; show(); }

    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const edge = stage.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 400), event.clientX - edge.left, event.clientY - edge.top);
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => {
      const edge = stage.getBoundingClientRect();
      zoom(scale < 1 ? 1 / scale : 2, event.clientX - edge.left, event.clientY - edge.top);
    });
    const fingers = new Map();
    stage.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      stage.setPointerCapture(event.pointerId);
      if (event.target === stage) stage.dataset.pressed = "true"; // beside the picture: a click closes
    });
    stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      delete stage.dataset.pressed;
      if (fingers.size === 1) { x += event.clientX - before.clientX; y += event.clientY - before.clientY; place(); }
      else {
        const [other] = [...fingers.values()].filter((each) => each.pointerId !== event.pointerId);
        const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
        const edge = stage.getBoundingClientRect();
        zoom(apart(event) / Math.max(1, apart(before)), other.clientX - edge.left, other.clientY - edge.top);
      }
      fingers.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, (event) => {
        fingers.delete(event.pointerId);
        if (name === "pointerup" && stage.dataset.pressed) dialog.close();
      });
    }
    dialog.addEventListener("keydown", (event) => {
      const acts = { "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit,
        ArrowLeft: () => images.length > 1 && go(-1), ArrowRight: () => images.length > 1 && go(1) };
      acts[event.key]?.();
    });
    dialog.addEventListener("close", () => dialog.remove());
    if (lines.length) { dialog.classList.add("sl-boxes"); shows.setAttribute("aria-pressed", "true"); }
    document.body.append(dialog);
    dialog.showModal();
    show();
    new ResizeObserver(() => { if (fitted) fit(); }).observe(stage);
    stage.focus();
  }

  async function viewTurn(turn, at = 0) {
    const response = await fetch(`/turn/${window.secondLook.openId}/${turn}`);
    if (response.ok) view({ ...(await response.json()), at });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("#scroll :is([data-view], a.sl-picture)");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [, turn, at] = opener.dataset.view ? ["", opener.dataset.view, 0] : /#view-(\d+)-(\d+)$/.exec(opener.href);
    viewTurn(Number(turn), Number(at));
  }, true);

  window.secondLook.view = view;
})();
