// The brand, the new-conversation button and the list of conversations.
// value: {words: {app, new, empty}, groups: [{label, items: [{id, title, about, cover}]}], open}
const { el, icon } = window.secondLook;
const root = element.querySelector(".sl-root");

function item(entry, open) {
  const cover = entry.cover
    ? el("img", { class: "sl-cover", src: entry.cover, alt: "", loading: "lazy" })
    : el("span", { class: "sl-cover" }, icon("chat"));
  const text = el("span", { class: "sl-item-text" },
    el("span", { class: "sl-item-title" }, entry.title),
    el("span", { class: "sl-item-about" }, entry.about));
  return el("button", {
    class: "sl-item", type: "button", "data-id": entry.id,
    "aria-current": entry.id === open ? "true" : null,
    onclick: () => { window.secondLook.closeMenu(); trigger("select", { id: entry.id }); },
  }, cover, text);
}

function draw() {
  const { words, groups, open } = props.value;
  const list = groups.length
    ? groups.map((group) => el("section", { class: "sl-day" },
        el("h2", {}, group.label), ...group.items.map((entry) => item(entry, open))))
    : [el("p", { class: "sl-none" }, words.empty)];
  const scrolled = root.querySelector(".sl-list")?.scrollTop ?? 0;
  root.replaceChildren(
    el("div", { class: "sl-brand" }, icon("logo"), el("strong", {}, words.app)),
    el("button", {
      class: "sl-new", type: "button",
      onclick: () => { window.secondLook.closeMenu(); trigger("click"); },
    }, icon("plus"), words.new),
    el("nav", { class: "sl-list", "aria-label": words.menu }, ...list));
  root.querySelector(".sl-list").scrollTop = scrolled;
}

draw();
watch("value", draw);
