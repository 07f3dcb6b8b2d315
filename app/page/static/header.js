// The conversation's title, the engine and why it was taken, language and theme.
// value: {open, title, language, words: {menu, theme, language}, engine: {name, state, label, about, facts, notes, why}}
const { el, icon, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");

// Another engine, and what it costs to take it.
function switcher({ title, use, model, choices }) {
  const rows = choices.filter((each) => !each.chosen || each.models.length).map((each) => {
    const name = el("input", { type: "text", list: "sl-models", "aria-label": model, placeholder: model });
    const names = el("datalist", { id: "sl-models" }, ...each.models.map((value) => el("option", { value })));
    return el("div", { class: "sl-switch" }, el("strong", {}, each.label), el("span", {}, each.about),
      ...(each.models.length ? [name, names] : []),
      el("button", { type: "button", "data-kind": each.kind,
        onclick: () => trigger("select", { kind: each.kind, model: name.value }) }, use));
  });
  return el("details", { class: "sl-switches" }, el("summary", {}, title), ...rows);
}

function engineCard(engine, choices) {
  const facts = engine.facts.map(([name, fact]) =>
    [el("dt", {}, name), el("dd", {}, fact)]).flat();
  const why = engine.why.map(({ text, hint }) =>
    el("p", { class: "sl-why" }, text, " ", el("span", {}, hint)));
  const notes = engine.notes.map((note) => el("p", { class: "sl-note" }, note));
  return el("details", { class: "sl-engine", "data-state": engine.state },
    el("summary", {}, el("i", {}), el("span", {}, engine.name), el("small", {}, engine.label)),
    el("div", { class: "sl-engine-card" },
      el("p", {}, engine.about), el("dl", {}, ...facts), ...notes, ...why, ...(choices ? [switcher(choices)] : [])));
}

function button(name, label, onclick, ...content) {
  return el("button", { class: `sl-tool sl-${name}`, type: "button", title: label, "aria-label": label, onclick },
    ...content);
}

let shown = null; // the conversation that was drawn last

// The conversation's name is written in place.
function titled(open, title, words) {
  const heading = el("h1", { title: open ? words.rename : title }, title);
  if (!open) return heading;
  heading.append(el("button", { type: "button", class: "sl-edit-title", "aria-label": words.rename, title: words.rename,
    onclick: () => window.secondLook.writeInPlace(heading, title, words.rename,
      (text) => trigger("edit", { action: "rename", id: open, title: text })) }, icon("pencil")));
  return heading;
}

const bar = drawn(root, () => {
  const { open, title, language, words, engine, settings, switch: choices } = props.value;
  const wasOpen = root.querySelector("details")?.open;
  root.replaceChildren(
    button("menu", words.menu, () => window.secondLook.toggleMenu(), icon("menu")),
    titled(open, title, words),
    engineCard(engine, choices),
    button("tools", words.more, (event) => window.secondLook.menu(event.currentTarget, [
      [settings.title, { click: () => window.secondLook.settings.open(settings) }],
      [words.theme, { click: () => window.secondLook.chooseTheme(root.querySelector(".sl-tools"), words) }],
      [words.language, { click: () => window.secondLook.setLanguage(language === "zh" ? "en" : "zh") }],
    ]), icon("more")),
    button("settings", settings.title, () => window.secondLook.settings.open(settings), icon("sliders")),
    button("language", words.language, () => window.secondLook.setLanguage(language === "zh" ? "en" : "zh"),
      language === "zh" ? "EN" : "中"),
    button("theme", words.theme, (event) => window.secondLook.chooseTheme(event.currentTarget, words), icon("theme")));
  const { mark, differ, forNew } = window.secondLook.settings;
  mark(open ? settings.differ : differ(forNew()));
  if (wasOpen) root.querySelector("details").open = true;
});

function draw() {
  const { open, folder, title, language, words, settings, pulse } = props.value;
  bar();
  if (open !== shown) {
    window.secondLook.toEnd();
    window.secondLook.focusComposer();
  }
  window.secondLook.words = { ...words, set_close: settings.close };
  window.secondLook.skip(words.skip);
  if (pulse) window.secondLook.pulse(pulse, { lost: words.lost_server, again: words.started_again });
  window.secondLook.openFolder = folder;
  if (open !== shown) {
    window.secondLook.openId = open;
    document.dispatchEvent(new Event("sl-open"));
  }
  if (shown !== null) window.secondLook.remember(open);
  shown = open;
  // Said again, the same language makes Chromium style the whole page anew.
  if (document.documentElement.lang !== language) document.documentElement.lang = language;
  document.title = title ? `${title} · Second Look` : "Second Look";
}

draw();
watch("value", draw);
