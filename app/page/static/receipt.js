// The panel of receipts: what was found, beside the picture it was found in; to be checked,
// corrected, confirmed and taken away. The server says every sentence (app/page/receipt_panel.py).
(() => {
  const { el, icon, menu, drawn } = window.secondLook;
  const NUMERIC = ["amount", "tax"];

  // 1234.5 as 1,234.5: only the look of it, never through a floating point number.
  function grouped(text) {
    const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
    return match ? match[1] + match[2].replace(/\B(?=(\d{3})+$)/g, ",") + (match[3] ?? "") : text;
  }
  const shownAs = (field) => NUMERIC.includes(field.kind) ? grouped(field.value) : field.value;

  async function draw(place, conversation, turn) {
    const url = `/receipt/${conversation}/${turn}`;
    const response = await fetch(url);
    if (!response.ok) return;
    const panel = { place, url, data: await response.json(), number: 0, sort: null, picked: null, lit: [], sent: null };
    if (!panel.data.receipts.length && !panel.data.custom.length) {
      place.replaceChildren(el("p", { class: "slip-none" }, panel.data.words.nothing));
      return;
    }
    panel.picture = window.secondLook.receiptPicture(panel.data.pictures, panel.data.words, {
      hover: (paths) => light(panel, paths ?? []),
      pick: (path) => pick(panel, path, { scroll: true }),
    });
    panel.status = el("div", { class: "slip-aloud", role: "status" });
    panel.say = (text) => { panel.status.textContent = text; window.secondLook.toast(text); };
    panel.shown = el("div", { class: "slip" });
    panel.shown.addEventListener("keydown", (event) => leave(panel, event));
    panel.anew = drawn(panel.shown, () => redraw(panel, panel.wanted));
    place.replaceChildren(panel.shown, panel.status);
    place.dataset.folded = "";
    redraw(panel);
    return () => look(panel);
  }

  // What was corrected elsewhere is shown; after what is on its way there, so that it is no older.
  function look(panel) {
    const before = panel.sent;
    panel.sent = (async () => {
      await before;
      const response = await fetch(panel.url).catch(() => null);
      const data = response?.ok ? await response.json() : panel.data;
      if (JSON.stringify(data) === JSON.stringify(panel.data)) return;
      panel.data = data;
      renew(panel, null);
    })();
  }

  // What is chosen among the tabs; a user's own schema is one of them.
  function chosen(panel) {
    const { receipts, custom, words, pictures } = panel.data;
    const own = { number: "custom", path: "custom", label: words.field, state: "plain", checks: [], duplicates: [],
      pictures: pictures.map((_, place) => place), facts: custom, sums: [], missing: [], total: null, items: null };
    panel.tabs = custom.length ? [...receipts, own] : receipts;
    return panel.tabs.find((each) => each.number === panel.number) ?? panel.tabs[0];
  }

  function fieldsOf(receipt) {
    const cells = (receipt.items?.rows ?? []).filter((row) => !row.removed).flatMap((row) => Object.values(row.cells));
    return [...receipt.facts, ...receipt.sums, ...(receipt.total ? [receipt.total] : []), ...cells];
  }

  function redraw(panel, wanted) {
    // Whoever was on a field stays on it, or has gone on to another.
    const now = document.activeElement;
    const inside = panel.shown.contains(now);
    const ended = now === document.body || (inside && now.matches(".slip-input, .slip-tools *"));
    const focus = (inside && now.dataset.path) || (ended ? wanted : null);
    const receipt = chosen(panel);
    panel.receipt = receipt;
    panel.shown.dataset.state = receipt.state;
    panel.tools = tools(panel);
    panel.shown.replaceChildren(
      ...(panel.tabs.length > 1 ? [tabs(panel)] : []), ...alarm(panel), ...same(panel),
      el("div", { class: "slip-body" }, panel.picture.element,
        el("div", { class: "slip-found" }, head(panel), facts(panel), ...window.secondLook.receiptItems(panel, does), sums(panel), ...adding(panel))),
      window.secondLook.receiptFoot(panel, (changes) => save(panel, changes)));
    const boxes = new Map();
    const looked = new Set(receipt.checks.filter((check) => !check.ok).map((check) => check.look));
    for (const field of fieldsOf(receipt)) {
      if (!field.box) continue;
      const key = `${field.image} ${field.box}`;
      const known = boxes.get(key) ?? { paths: [], image: field.image, box: field.box, state: "" };
      if (!known.paths.includes(field.path)) known.paths.push(field.path);
      if (looked.has(field.path)) known.state = "wrong";
      else if (field.doubtful && !known.state) known.state = "unsure";
      boxes.set(key, known);
    }
    panel.picture.draw([...boxes.values()], receipt.pictures);
    panel.shown.querySelector("[role=tab][aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    pick(panel, focus && buttons(panel, focus).length ? focus : null);
    if (focus) buttons(panel, focus)[0]?.focus({ preventScroll: true });
  }

  // What was kept is shown, but not while something is being written; who writes elsewhere stays there.
  function renew(panel, wanted) {
    panel.wanted = wanted;
    panel.anew();
    panel.wanted = null;
  }

  const buttons = (panel, path) => [...panel.shown.querySelectorAll(".slip-value")].filter((each) => each.dataset.path === path);
  const fieldAt = (panel, path) => fieldsOf(panel.receipt).find((field) => field.path === path);

  // A field and its box light up together, wherever the pointer or the focus is.
  function light(panel, paths) {
    const lit = paths.length ? paths : panel.picked ? [panel.picked] : [];
    panel.shown.querySelectorAll(".slip-value.slip-lit").forEach((each) => each.classList.remove("slip-lit"));
    lit.forEach((path) => buttons(panel, path).forEach((each) => each.classList.add("slip-lit")));
    panel.picture.light(lit);
    const field = fieldAt(panel, lit[0]);
    panel.picture.say(field && `${field.label}: ${shownAs(field) || panel.data.words.empty}`, field?.about, field?.note);
  }

  // What was clicked is looked at closely, and can be edited.
  function pick(panel, path, { scroll } = {}) {
    panel.picked = path;
    panel.shown.querySelectorAll(".slip-value[aria-pressed=true]").forEach((each) => each.setAttribute("aria-pressed", "false"));
    panel.tools.remove();
    const [button] = path ? buttons(panel, path) : [];
    if (button) {
      button.setAttribute("aria-pressed", "true");
      button.after(panel.tools);
      panel.tools.show(fieldAt(panel, path));
      if (scroll) button.scrollIntoView({ block: "nearest" });
    }
    panel.picture.lookAt(path);
    light(panel, []);
  }

  function leave(panel, event) {
    if (event.key !== "Escape" || !panel.picked) return;
    event.stopPropagation(); // it would stop a reply
    const [button] = buttons(panel, panel.picked);
    pick(panel, null);
    button?.focus({ preventScroll: true });
  }

  function tools(panel) {
    const { words } = panel.data;
    const node = el("span", { class: "slip-tools" });
    node.show = (field) => node.replaceChildren(
      el("button", { type: "button", class: "slip-tool slip-pencil", title: `${words.edit} · ${words.keys}`, "aria-label": `${words.edit}: ${field.label}`,
        onclick: () => edit(panel, field.path) }, icon("pencil")),
      ...(field.corrected ? [el("button", { type: "button", class: "slip-tool", title: words.back, "aria-label": `${words.back}: ${field.label}`,
        onclick: () => save(panel, { [field.back ?? field.path]: null }, field.path) }, icon("undo"))] : []));
    return node;
  }

  // Parts

  function tabs(panel) {
    const list = el("div", { class: "slip-tabs", role: "tablist", "aria-label": panel.data.words.receipts });
    for (const each of panel.tabs) {
      const is = each.number === panel.receipt.number;
      list.append(el("button", { type: "button", role: "tab", "aria-selected": String(is), tabindex: is ? "0" : "-1",
        "data-state": each.state, "data-tab": each.number, onclick: () => turnTo(panel, each.number) }, el("i", {}), el("span", {}, each.label)));
    }
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = panel.tabs.findIndex((each) => each.number === panel.receipt.number);
      turnTo(panel, panel.tabs[(at + step + panel.tabs.length) % panel.tabs.length].number);
      panel.shown.querySelector("[role=tab][aria-selected=true]").focus();
    });
    return list;
  }

  function turnTo(panel, number) {
    panel.number = number;
    panel.sort = null;
    redraw(panel);
  }

  function alarm(panel) {
    const wrong = panel.receipt.checks.filter((check) => !check.ok);
    if (!wrong.length) return [];
    const look = (check) => el("li", {}, el("button", { type: "button", class: "slip-check", "data-look": check.look,
      onclick: () => pick(panel, check.look, { scroll: true }) }, check.text));
    return [el("div", { class: "slip-alarm" }, el("strong", {}, icon("alert"), panel.data.words.state_wrong), el("ul", {}, ...wrong.map(look)))];
  }

  // One line for each kind of likeness, with a link to each of the others.
  function same(panel) {
    const { duplicates } = panel.receipt;
    const link = ({ title, href, number }) => href ? el("a", { href }, title)
      : el("button", { type: "button", onclick: () => turnTo(panel, number) }, title);
    return [...new Set(duplicates.map((each) => each.text))].map((text) => {
      const links = duplicates.filter((each) => each.text === text).map(link);
      return el("p", { class: "slip-same" }, icon("twice"), el("span", {}, text, ...links.flatMap((each, place) => [place ? ", " : " ", each])));
    });
  }

  function head(panel) {
    const { receipt } = panel;
    const { words } = panel.data;
    const about = receipt.state === "confirmed" ? words.confirmed : receipt.checks.map((check) => check.text).join("\n");
    const state = words[`state_${receipt.state}`];
    const chip = state && receipt.state !== "wrong"
      ? [el("span", { class: "slip-state", title: about }, icon(receipt.state === "unsure" ? "eye" : "check"), state)] : [];
    if (!receipt.total) return el("div", { class: "slip-head" });
    return el("div", { class: "slip-head" },
      el("div", { class: "slip-total" }, el("span", { class: "slip-label" }, receipt.total.label),
        el("span", { class: "slip-amount" }, el("span", { class: "slip-currency" }, receipt.currency), value(panel, receipt.total))),
      ...chip);
  }

  function facts(panel) {
    const long = (field) => /\.(merchant|address|buyer)$/.test(field.path) || field.value.length > 32;
    return el("dl", { class: "slip-facts" }, ...panel.receipt.facts.map((field) =>
      el("div", { class: long(field) ? "slip-long" : null, "data-name": field.path.split(".").at(-1) },
        el("dt", {}, field.label), el("dd", {}, value(panel, field), ...note(field)))));
  }

  function sums(panel) {
    return el("dl", { class: "slip-sums" }, ...panel.receipt.sums.flatMap((field) => {
      const total = field.path.endsWith(".total") ? "slip-strong" : null;
      return [el("dt", { class: total }, field.label),
        el("dd", { class: total }, field.minus && field.value ? "−" : "", value(panel, field)), ...note(field, "dd")];
    }));
  }

  function adding(panel) {
    const { missing } = panel.receipt;
    if (!missing.length) return [];
    const add = el("button", { type: "button", class: "slip-add", "data-adds": "field", "aria-haspopup": "menu",
      onclick: () => menu(add, missing.map((field) => [field.label, { click: () => addTo(panel, add, field) }])) },
      icon("plus"), panel.data.words.add);
    return [add];
  }

  // What is not there yet is written where the button was that adds it.
  function addTo(panel, button, field) {
    const line = el("div", { class: "slip-new" }, el("span", { class: "slip-label" }, field.label));
    const hold = el("span", { class: "slip-value" });
    line.append(hold);
    button.before(line);
    write(panel, hold, { ...field, value: "" }, { after: () => line.remove(), focus: button });
  }

  // One field

  function value(panel, field, mark = field.doubtful) {
    const { words } = panel.data;
    const text = shownAs(field);
    const button = el("button", { type: "button", class: "slip-value", "data-path": field.path, "data-kind": field.kind,
      "aria-pressed": "false", "aria-label": `${field.label}: ${text || words.empty}${field.doubtful ? `. ${words.unsure}` : ""}`,
      title: [field.about, field.note].filter(Boolean).join("\n") || null },
      ...(mark ? [el("i", { class: "slip-doubt" })] : []), el("span", {}, text || "–"));
    if (field.corrected) button.classList.add("slip-yours");
    if (!text) button.classList.add("slip-empty");
    if (panel.receipt.checks.some((check) => !check.ok && check.look === field.path)) button.classList.add("slip-wrong");
    button.addEventListener("click", () => { if (panel.picked === field.path) edit(panel, field.path); else pick(panel, field.path); });
    // Whoever types on a value that is picked means to write it: no letter is lost.
    button.addEventListener("keydown", (event) => {
      const writes = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!writes && event.key !== "F2") return;
      event.preventDefault();
      edit(panel, field.path);
      const box = document.activeElement;
      if (!writes || !box?.matches("input, textarea")) return;
      box.value = event.key;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
    button.addEventListener("pointerenter", () => light(panel, [field.path]));
    button.addEventListener("pointerleave", () => light(panel, []));
    button.addEventListener("focus", () => light(panel, [field.path]));
    button.addEventListener("blur", () => light(panel, []));
    return el("span", { class: "slip-spot" }, button);
  }

  const note = (field, tag = "span") => field.note
    ? [el(tag, { class: `slip-note${field.corrected ? " slip-own" : ""}` }, field.note)] : [];

  function edit(panel, path) {
    const [button] = buttons(panel, path);
    const field = fieldAt(panel, path);
    if (!button || !field) return;
    panel.tools.remove();
    write(panel, button, field, { after: () => {}, focus: button });
  }

  function write(panel, hold, field, { after, focus }) {
    window.secondLook.receiptWrite(hold, field, {
      title: panel.data.words.keys,
      keep: (text) => send(panel, { [field.path]: text }),
      kept: (again) => renew(panel, again ? field.path : null),
      left: (again) => { after(); if (again) focus.focus({ preventScroll: true }); },
    });
  }

  async function save(panel, changes, focus) {
    const said = await send(panel, changes);
    if (said) panel.say(said); else renew(panel, focus);
  }

  // Send changes; return what is wrong with them, or "" once they are kept. One after another: what
  // an older answer says must not stand in place of a newer one's.
  function send(panel, changes) {
    const before = panel.sent;
    panel.sent = (async () => { await before; return post(panel, changes); })();
    return panel.sent;
  }

  async function post(panel, changes) {
    const { words } = panel.data;
    try {
      const response = await fetch(panel.url, { method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify(changes) });
      const said = await response.json();
      if (!response.ok) return said.problem ? said.problem.join(" ") : words.failed;
      panel.data = said;
      panel.place.dispatchEvent(new Event("sl-kept", { bubbles: true }));
    } catch {
      return words.failed;
    }
    panel.status.textContent = [words.saved, words[`state_${chosen(panel).state}`]].join(" ");
    return "";
  }

  const does = { value, note, shownAs, save, light, redraw, addTo };

  // A corrected merchant gives the conversation its name; what is shown is right already.
  document.addEventListener("sl-kept", ({ target }) => {
    if (target.closest("#hist")) window.secondLook.act({ act: "renamed" });
  });

  window.secondLook.panel("receipt", draw);
})();
