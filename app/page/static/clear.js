// The clear button: three levels by held keys or from the menu, a dialog before the deepest, and
// the receipt of the last clear.
// value: {words, reason, levels: [{name, label, keys, about, asks}], model: {name, label, about},
//         receipt: null | {waiting, title, summary, rows: [{label, before, after}], notes}}
const { el, icon, refocused } = window.secondLook;
const root = element.querySelector(".sl-root");
const split = el("div", { class: "sl-split" });
const menu = el("div", { class: "sl-clear-menu", role: "menu", hidden: "" });
const card = el("div", { class: "sl-receipt", role: "status", hidden: "" });
root.append(split, menu, card);

let filled, shown;
let pressed = { ctrl: false, shift: false };
let handled = false; // a Ctrl+click on macOS came as contextmenu; some browsers then send a click, too

const words = () => props.value.words;
const level = (name) => props.value.levels.find((entry) => entry.name === name);

// The deepest level that the held keys ask for and that is offered.
function levelFor({ ctrl, shift }) {
  if (ctrl && shift && level("deep")) return level("deep");
  return (ctrl && level("medium")) || level("light");
}

const keysOf = (event) => ({ ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey });

function label(keys) {
  pressed = keys;
  const now = levelFor(keys);
  main.dataset.level = now.name;
  main.querySelector("span").textContent = now.label;
  main.setAttribute("aria-label", now.label);
  main.title = props.value.reason || `${now.about} ${words().history}`;
}

function act(chosen) {
  close();
  if (props.value.reason) return;
  if (!chosen.asks) trigger("select", { level: chosen.name });
  else ask(chosen.name, words()[`ask_${chosen.name}`], chosen.label,
    () => trigger("select", { level: chosen.name, confirmed: true }));
}

// A dialog whose Cancel has the focus: Enter without reading does nothing.
function ask(name, title, yes, done, input) {
  const cancel = el("button", { type: "button", class: "sl-ask-cancel", onclick: () => dialog.close() }, words().cancel);
  const go = el("button", { type: "submit", class: "sl-ask-go" }, yes);
  const form = el("form", { method: "dialog", onsubmit: () => done(input?.value) },
    el("h2", {}, title), ...(name === "deep" ? [el("p", {}, words().ask_text)] : []), ...(input ? [input] : []),
    el("div", { class: "sl-ask-buttons" }, cancel, go));
  const dialog = el("dialog", { class: "sl-ask", "data-level": name, "aria-label": title, onclose: () => { dialog.remove(); main.focus(); } }, form);
  document.body.append(dialog);
  dialog.showModal();
  (input ?? cancel).focus();
  input?.select();
}

function keep() {
  close();
  const input = el("input", { type: "text", maxlength: "200", required: "", "aria-label": words().keep_title });
  input.value = document.querySelector("#header h1")?.textContent ?? "";
  ask("keep", words().keep_title, words().keep_do,
    (name) => trigger("select", { level: "light", keep: name, confirmed: true }), input);
}

function item(name, title, about, keys, onclick) {
  return el("button", { type: "button", role: "menuitem", tabindex: "-1", "data-name": name, onclick },
    el("span", { class: "sl-clear-title" }, title, el("kbd", {}, keys)),
    el("span", { class: "sl-clear-about" }, about),
    el("span", { class: "sl-clear-size" }));
}

function open() {
  fill();
  menu.hidden = false;
  more.setAttribute("aria-expanded", "true");
  menu.querySelector("[role=menuitem]").focus();
}

// What the menu offers now; drawn anew only where that is not what it shows.
function fill() {
  const { levels, model } = props.value;
  const named = new URL(location.href).searchParams.has("c");
  const wanted = JSON.stringify([levels, model, named, words()]);
  if (!menu.hidden && wanted === filled) return;
  filled = wanted;
  refocused(menu, () => menu.replaceChildren(
    ...levels.map((entry) => item(entry.name, entry.label, entry.about, entry.keys, () => act(entry))),
    ...(named ? [item("keep", words().keep, words().keep_about, "", keep)] : []),
    ...(model ? [item(model.name, model.label, model.about, "", () => { close(); trigger("click", { action: model.name }); })] : []),
    el("p", {}, words().history)));
  sizes();
}

// What each level would give back now.
async function sizes() {
  const response = await fetch("/clear/held");
  if (!response.ok) return;
  for (const [name, size] of Object.entries(await response.json())) {
    const place = menu.querySelector(`[data-name="${name}"] .sl-clear-size`);
    if (place) place.textContent = size;
  }
}

function close() {
  const inside = menu.contains(document.activeElement);
  menu.hidden = true;
  more.setAttribute("aria-expanded", "false");
  if (inside) more.focus();
}

menu.addEventListener("keydown", (event) => {
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items.at(to % items.length).focus();
  else if (event.key === "Escape") close();
  else if (event.key === "Tab") { close(); return; }
  else return;
  event.preventDefault();
  event.stopPropagation(); // Esc would stop the reply
});

function row({ label: name, before, after }) {
  return [el("dt", {}, name), el("dd", {}, before), el("dd", {}, "→"), el("dd", {}, after)];
}

function receipt() {
  const value = props.value.receipt;
  document.dispatchEvent(new Event("sl-memory")); // the gauge looks again
  if (value === null) return; // drawn again for another reason: the card stays until it is closed
  card.hidden = !value.title;
  card.replaceChildren(
    el("div", { class: "sl-receipt-head" }, el("strong", { class: value.waiting ? "sl-waiting" : "" }, value.title),
      el("button", { type: "button", class: "sl-tool", "aria-label": words().close, title: words().close,
        onclick: () => { card.hidden = true; } }, icon("close"))),
    el("p", {}, value.summary ?? ""),
    el("dl", {}, ...value.rows.flatMap(row)),
    ...value.notes.map((note) => el("p", { class: "sl-receipt-note" }, note)));
}

const main = el("button", { type: "button", class: "sl-clear-main" }, icon("eraser"), el("span", {}));
const more = el("button", { type: "button", class: "sl-clear-more", "aria-haspopup": "menu", "aria-expanded": "false",
  onclick: () => { if (!menu.hidden) close(); else if (!props.value.reason) open(); } }, icon("down"));
split.append(main, more);

more.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" && !props.value.reason) { event.preventDefault(); open(); }
});
main.addEventListener("click", (event) => { if (!handled) act(levelFor(keysOf(event))); handled = false; });
main.addEventListener("pointerdown", (event) => { handled = false; shown = event.button; });
// On macOS Ctrl+click is a contextmenu event and no click; with the right button it is not for us.
main.addEventListener("contextmenu", (event) => {
  if (!event.ctrlKey || shown !== 0) return;
  event.preventDefault();
  handled = true;
  act(levelFor(keysOf(event)));
});
// Chrome does not click a focused button on Ctrl+Enter.
main.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  act(levelFor(keysOf(event)));
});
for (const name of ["pointerenter", "pointermove"]) main.addEventListener(name, (event) => label(keysOf(event)));
for (const name of ["pointerleave", "blur"]) main.addEventListener(name, () => label({}));

function draw() {
  const { reason } = props.value;
  for (const button of [main, more]) button.setAttribute("aria-disabled", String(Boolean(reason)));
  more.setAttribute("aria-label", words().more);
  more.title = reason || words().more;
  if (reason) close();
  else if (!menu.hidden) fill();
  label(pressed);
  receipt();
}

for (const name of ["keydown", "keyup"]) {
  document.addEventListener(name, (event) => {
    if (main.matches(":hover") || document.activeElement === main) label(keysOf(event));
  });
}
window.addEventListener("blur", () => label({}));
document.addEventListener("click", (event) => { if (!root.contains(event.target)) close(); }, true);
// The next prompt puts the receipt away.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#composer")) card.hidden = true;
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#composer .submit-button, .sl-card, .sl-item, .sl-new")) card.hidden = true;
}, true);
// The gauge's advice leads here.
window.secondLook.clear = (name) => {
  if (name === "unload") trigger("click", { action: "unload" });
  else if (level(name)) act(level(name));
};

draw();
watch("value", draw);
