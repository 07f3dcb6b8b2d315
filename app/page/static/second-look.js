// What the widgets share, and what belongs to the page as a whole. Loaded before Gradio's own code.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const PATHS = {
    logo: ["M3 8V5a2 2 0 0 1 2-2h3M16 3h3a2 2 0 0 1 2 2v3M21 16v3a2 2 0 0 1-2 2h-3M8 21H5a2 2 0 0 1-2-2v-3",
           "M6.5 12S8.5 8 12 8s5.5 4 5.5 4-2 4-5.5 4-5.5-4-5.5-4Z", "M12 12h.01"],
    plus: ["M12 5v14M5 12h14"],
    chat: ["M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5Z"],
    menu: ["M4 7h16M4 12h16M4 17h16"],
    theme: ["M12 3a9 9 0 1 0 0 18Z", "M12 3a9 9 0 0 1 0 18"],
    arrow: ["M5 12h14M13 6l6 6-6 6"],
    eraser: ["M8 20l-4.400-4.400a1.600 1.600 0 0 1 0-2.300l8.900-8.900a1.600 1.600 0 0 1 2.300 0l5 5a1.600 1.600 0 0 1 0 2.300L11.500 20",
             "M7 20h13", "M8 8.700l7.300 7.300"],
    down: ["M7 10l5 5 5-5"],
    close: ["M6 6l12 12M18 6L6 18"],
    back: ["M14 6l-6 6 6 6"],
    folder: ["M3 7a2 2 0 0 1 2-2h4l2 2.500h8a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2Z"],
    clip: ["M20.500 11.500l-8.600 8.600a5.500 5.500 0 0 1-7.800-7.800l8.900-8.900a3.700 3.700 0 0 1 5.200 5.200l-8.900 8.900a1.800 1.800 0 0 1-2.600-2.600l8-8"],
    camera: ["M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Z", "M12 17a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z"],
    boxes: ["M4 5h16v5H4Z", "M4 14h10v5H4Z"],
    left: ["M14 6l-6 6 6 6"], right: ["M10 6l6 6-6 6"],
    minus: ["M5 12h14"],
    fit: ["M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"],
    sliders: ["M4 8h9M17 8h3M4 16h3M11 16h9", "M15 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z", "M9 18a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"],
    slash: ["M15 5 9 19"],
    up: ["M12 19V5M6 11l6-6 6 6"],
    stop: ["M7 7h10v10H7Z"],
    expand: ["M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"],
    more: ["M4.600 12h.800M11.600 12h.800M18.600 12h.800"],
    alert: ["M12 4 3 19.500h18Z", "M12 10v4M12 16.800h.01"],
    check: ["M5 12.500l4.500 4.500L19 7.500"],
    eye: ["M3 12s3.500-6 9-6 9 6 9 6-3.500 6-9 6-9-6-9-6Z", "M12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z"],
    pencil: ["M4 20h4L19 9l-4-4L4 16v4ZM13.500 6.500l4 4"],
    twice: ["M9 9h11v11H9Z", "M5 15V4h11"],
    undo: ["M4 9h10a5 5 0 0 1 0 10H9", "M8 5 4 9l4 4"],
  };

  // Build an element; text goes in as text, never as HTML. null attributes are left out.
  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("sl-icon");
    for (const d of PATHS[name]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  }

  const dark = () => document.body.classList.contains("dark");
  const systems = matchMedia("(prefers-color-scheme: dark)");
  const chosenTheme = () => localStorage.getItem("second_look_theme") ?? "system";
  const wanted = () => chosenTheme() === "system" ? (systems.matches ? "dark" : "light") : chosenTheme();
  function applyTheme() { document.body.classList.toggle("dark", wanted() === "dark"); }
  systems.addEventListener("change", applyTheme);

  // words: {theme_system, theme_light, theme_dark}
  function chooseTheme(anchor, words) {
    const choose = (theme) => () => {
      if (theme === "system") localStorage.removeItem("second_look_theme");
      else localStorage.setItem("second_look_theme", theme);
      applyTheme();
      anchor.focus();
    };
    menu(anchor, ["system", "light", "dark"].map((theme) =>
      [words[`theme_${theme}`], { click: choose(theme), chosen: theme === chosenTheme() }]));
  }

  const typed = () => document.querySelector("#composer textarea");

  function setLanguage(language) {
    document.cookie = `second_look_language=${language}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  }

  // The open conversation stands in the address, so that a refresh, and Back, come to it.
  function remember(id) {
    const url = new URL(location.href);
    if ((url.searchParams.get("c") ?? "") === id) return;
    if (id) url.searchParams.set("c", id); else url.searchParams.delete("c");
    history.pushState(null, "", url);
  }

  const toggleMenu = () => document.body.classList.toggle("sl-menu-open");
  const closeMenu = () => document.body.classList.remove("sl-menu-open");

  // Pictures dropped or pasted anywhere go into the composer, which takes its own itself.
  function attach(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length || event.target.closest?.("#composer, dialog")) return;
    event.preventDefault();
    window.secondLook.composer?.attach(files);
  }
  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => attach(event, event.dataTransfer));
  document.addEventListener("paste", (event) => attach(event, event.clipboardData));
  addEventListener("popstate", () => location.reload());

  // How a part is found again after it was drawn anew.
  function spotOf(node) {
    const row = node.closest("[data-row]");
    const data = [...node.attributes].filter(({ name }) => name.startsWith("data-") && name !== "data-state")
      .map(({ name, value }) => `[${name}="${CSS.escape(value)}"]`);
    return [...(row ? [`[data-row="${CSS.escape(row.dataset.row)}"] `] : []), node.localName,
      ...[...node.classList].map((name) => `.${CSS.escape(name)}`), ...data].join("");
  }

  // Draw anew what has the focus, and leave the focus where it was.
  function refocused(root, draw) {
    const now = document.activeElement;
    const spot = now !== root && root.contains(now) ? spotOf(now) : null;
    draw();
    if (spot && !root.contains(document.activeElement)) root.querySelector(spot)?.focus({ preventScroll: true });
  }

  // A field that is written, on its way to the server, or was refused and says why; an open menu.
  const HELD = ".sl-rename, .slip-input:is(:focus, [aria-busy], :has(+ .slip-problem:not(:empty))), [aria-expanded=true]";

  // A value may come at any time; what is pressed, written in or has its menu open is not drawn
  // anew under the user's hand, but as soon as it is let go. Returns what draws.
  function drawn(root, draw) {
    const now = () => {
      document.removeEventListener("sl-free", now);
      if (root.matches(":active") || root.querySelector(HELD)) document.addEventListener("sl-free", now);
      else refocused(root, draw);
    };
    return now;
  }

  const free = () => document.dispatchEvent(new Event("sl-free"));
  // The click comes after, and may open or write something.
  for (const name of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(name, () => setTimeout(free));

  let closePopup = () => {};

  // A menu at a button. entries: [label, {click | href | group: entries, danger, chosen}]
  function menu(anchor, entries) {
    closePopup();
    const close = () => {
      popup.remove();
      anchor.setAttribute("aria-expanded", "false");
      document.removeEventListener("pointerdown", away);
      closePopup = () => {};
      setTimeout(free);
    };
    const away = (event) => { if (!popup.contains(event.target)) close(); };
    const entry = ([label, { click, href, group, danger, chosen }]) => {
      if (group) return el("div", { class: "sl-popup-group" }, el("span", {}, label), ...group.map(entry));
      if (href) return el("a", { href, download: "", role: "menuitem", onclick: () => setTimeout(close) }, label);
      return el("button", { type: "button", role: "menuitem", class: danger ? "sl-danger" : null, "aria-current": chosen ? "true" : null,
        onclick: () => { close(); click(); } }, label);
    };
    const popup = el("div", { class: "sl-popup", role: "menu" }, ...entries.map(entry));
    popup.addEventListener("keydown", (event) => {
      const items = [...popup.querySelectorAll("[role=menuitem]")];
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") { event.stopPropagation(); close(); anchor.focus(); }
      if (!step) return;
      event.preventDefault();
      items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    });
    document.body.append(popup);
    anchor.setAttribute("aria-expanded", "true");
    closePopup = close;
    const box = anchor.getBoundingClientRect();
    popup.style.left = `${Math.min(box.left, innerWidth - popup.offsetWidth - 8)}px`;
    popup.style.top = box.bottom + popup.offsetHeight > innerHeight
      ? `${Math.max(8, box.top - popup.offsetHeight)}px` : `${box.bottom + 4}px`;
    popup.querySelector("[role=menuitem]").focus();
    document.addEventListener("pointerdown", away);
  }

  // Names and tags are written in place.
  function writeInPlace(button, text, label, done) {
    const input = el("input", { class: "sl-rename", value: text, "aria-label": label });
    let ended = false;
    const end = (keep) => {
      if (ended) return;
      ended = true;
      input.replaceWith(button);
      button.focus();
      if (keep && input.value !== text) done(input.value);
      setTimeout(free); // not while a click elsewhere, which ended the writing, is on its way
    };
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => end(true));
    button.replaceWith(input);
    input.select();
  }

  // Whoever sends wants to see the reply, wherever the page was scrolled to.
  const SENDS = ".sl-resume, .sl-card, [data-act=again]";

  document.addEventListener("click", (event) => {
    if (event.target.closest?.(SENDS)) window.secondLook.toEnd();
    const act = event.target.closest?.("#scroll [data-act]");
    // A double click means one deletion, one new reply; but two versions further.
    const again = event.detail > 1 && act?.dataset.act !== "version";
    if (act && !again) window.secondLook.act({ act: act.dataset.act, turn: Number(act.dataset.turn) });
    const use = event.target.closest?.("#scroll a.sl-use");
    if (use) {
      event.preventDefault();
      window.secondLook.act({ act: "use", sha256: use.getAttribute("href").slice("#use-".length) });
    }
    const card = document.querySelector("details.sl-engine[open]");
    if (card && !card.contains(event.target)) card.open = false;
    if (document.body.classList.contains("sl-menu-open")
        && !event.target.closest?.("#sidebar, .sl-menu, .sl-popup")) closeMenu();
  }, true);

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      document.body.classList.add("sl-menu-open");
      document.querySelector(".sl-query")?.focus();
    }
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      document.querySelector(".sl-new")?.click();
    }
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    closeMenu();
    document.querySelector("#composer .stop-button")?.click();
  });

  // Follow the reply while it grows, unless the reader scrolled up to read.
  function followScroll() {
    const box = document.getElementById("scroll");
    if (!box) return false;
    let atEnd = true, top = 0; // where it stood when the layout was last known
    box.addEventListener("scroll", () => {
      if (box.scrollHeight - box.scrollTop - box.clientHeight < 80) atEnd = true;
      else if (box.scrollTop < top) atEnd = false; // what grows or shrinks moves nobody up
      top = box.scrollTop;
    }, { passive: true });
    // What a click in a panel makes longer, as another way to compare, is looked at where it stands.
    box.addEventListener("click", ({ target }) => { if (target.closest(".sl-panel")) atEnd = false; }, true);
    // Gradio 6.31 names messages that have no role, which screen readers may not say.
    new MutationObserver(() => box.querySelectorAll("[data-testid][aria-label]:not([role])")
      .forEach((message) => message.setAttribute("role", "group")))
      .observe(box, { childList: true, subtree: true });
    // Once a frame, when the layout is known: asked for at each change, it is made each time.
    const keep = () => {
      const welcome = box.querySelector(".sl-welcome")?.offsetHeight; // it is read from its top
      if (atEnd && !welcome) box.scrollTop = box.scrollHeight;
      top = box.scrollTop;
    };
    const sizes = new ResizeObserver(keep);
    const watch = () => [box, ...box.children].forEach((part) => sizes.observe(part));
    new MutationObserver(watch).observe(box, { childList: true });
    watch();
    window.secondLook.toEnd = () => { atEnd = true; keep(); };
    window.secondLook.atEnd = () => atEnd;
    // What is long is read from its top; whoever is there is not taken to its end.
    window.secondLook.toTop = (part) => { atEnd = false; part.scrollIntoView({ block: "start" }); };
    return true;
  }

  // One can write at once; not where that would open a keyboard over half the screen.
  function focusComposer() {
    if (matchMedia("(hover: hover)").matches) typed()?.focus();
  }

  // For whoever uses the keyboard alone: past the list, to where one writes.
  function skip(label) {
    const there = document.querySelector(".sl-skip");
    if (there) there.textContent = label; // it was in the language before
    else document.body.prepend(el("a", { class: "sl-skip", href: "#composer",
      onclick: (event) => { event.preventDefault(); typed()?.focus(); } }, label));
  }

  // A sentence at the foot of the page, gone after a while.
  function toast(text) {
    document.querySelector(".sl-toast")?.remove();
    const shown = el("div", { class: "sl-toast", role: "status" }, text);
    document.body.append(shown);
    setTimeout(() => shown.remove(), 8000);
  }

  window.secondLook = { words: {}, el, icon, menu, refocused, drawn, skip, toast, writeInPlace, focusComposer, act: () => {}, refresh: () => {}, chooseTheme, setLanguage, remember, toggleMenu, closeMenu, toEnd: () => {}, atEnd: () => false, toTop: () => {} };

  document.addEventListener("DOMContentLoaded", () => {
    applyTheme();
    // Gradio sets its own idea of the theme when it starts; ours is the user's.
    new MutationObserver(() => { if (dark() !== (wanted() === "dark")) applyTheme(); })
      .observe(document.body, { attributes: true, attributeFilter: ["class"] });
    const waiting = new MutationObserver(() => { if (followScroll()) waiting.disconnect(); });
    waiting.observe(document.body, { childList: true, subtree: true });
    const opening = new MutationObserver(() => {
      if (!typed() || typed().disabled) return;
      opening.disconnect();
      focusComposer();
    });
    opening.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  });
})();
