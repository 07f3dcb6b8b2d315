// The brand, the new-conversation button, the search and the list of conversations.
// value: {at: when it was read, words, groups: [{label, items: [{id, title, about, cover, pinned, tags}]}], folders,
//         more: null | string, found: null | [{id, turn, title, excerpt, highlights: [[start, end]]}]}
const { el, icon, menu, closeMenu, writeInPlace, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");
let latest = props.value;
const words = () => latest.words;
const filters = {};
let pending = 0;

function ask() {
  clearTimeout(pending);
  if (!isSearch()) draw();
  pending = setTimeout(() => trigger("input", { query: query.value, filters }), 140);
}

const query = el("input", { type: "search", class: "sl-query", autocomplete: "off", oninput: ask });
const list = el("nav", { class: "sl-list" });
const isSearch = () => query.value.trim() !== "" || Object.values(filters).some(Boolean);

function field(name, label, options) {
  const change = (event) => {
    const { type, checked, value } = event.target;
    filters[name] = type === "checkbox" ? checked : value;
    ask();
  };
  const input = options.choices
    ? el("select", { onchange: change }, ...options.choices.map(([value, text]) => el("option", { value }, text)))
    : el("input", { ...options, oninput: change });
  return el("label", { class: `sl-filter sl-filter-${input.type}` }, el("span", {}, label), input);
}

function filterFields() {
  const w = words();
  const engines = [["", w.any], ...["reader", "qwen", "server"].map((kind) => [kind, w[`engine_${kind}`]])];
  const jobs = [["", w.any], ...["text", "table", "receipt", "html", "compare", "describe"].map((job) => [job, w[`job_${job}`]])];
  return el("details", { class: "sl-filters" }, el("summary", {}, w.filters),
    field("since", w.filter_since, { type: "date" }), field("until", w.filter_until, { type: "date" }),
    field("engine", w.filter_engine, { choices: engines }), field("job", w.filter_job, { choices: jobs }),
    field("total_from", `${w.filter_total} ≥`, { type: "number", step: "any" }),
    field("total_to", `${w.filter_total} ≤`, { type: "number", step: "any" }),
    field("has_picture", w.filter_picture, { type: "checkbox" }));
}

const manage = (action, id, rest = {}) => trigger("edit", { action, id, ...rest });

function exportLinks(base, formats, query = "") {
  return formats.map((format) => [format.toUpperCase(), { href: `/export/${base}.${format}${query}` }]);
}

function itemMenu(entry, button) {
  const w = words();
  return [
    [w.rename, { click: () => writeInPlace(button, entry.title, w.rename, (title) => manage("rename", entry.id, { title })) }],
    [entry.pinned ? w.unpin : w.pin, { click: () => manage("pin", entry.id, { pinned: !entry.pinned }) }],
    [w.tags, { click: () => writeInPlace(button, entry.tags.join(", "), w.tags_about, (tags) => manage("tag", entry.id, { tags })) }],
    [w.export, { group: exportLinks(entry.id, ["zip", "json", "md", "html"]) }],
    [w.export_whole, { href: `/export/${entry.id}.zip?metadata=true` }],
    [w.delete, { danger: true, click: () => manage("delete", entry.id) }],
  ];
}

function mainMenu() {
  const w = words();
  return [
    [w.export_all, { group: exportLinks("everything", ["zip", "json", "md", "html"]) }],
    [w.export_whole, { href: "/export/everything.zip?metadata=true" }],
    [w.folder_title, { click: () => { closeMenu(); window.secondLook.folder.open(); } }],
    [w.receipts, { group: exportLinks("receipts", ["xlsx", "csv"]) }],
    [w.pages, { group: exportLinks("pages", ["zip"]) }],
    [w.plot, { group: exportLinks("latencies", ["png", "svg"]) }],
    [w.import, { click: () => chooser.click() }],
    [w.restore, { click: () => { closeMenu(); manage("restore", ""); } }],
    [w.empty_trash, { danger: true, click: () => { if (confirm(w.empty_trash_sure)) manage("purge", ""); } }],
  ];
}

const chooser = el("input", {
  type: "file", accept: ".zip,.json", hidden: "",
  onchange: async () => {
    const [file] = chooser.files;
    chooser.value = "";
    try {
      const answer = await fetch("/import", { method: "POST", body: file, headers: { "x-name": encodeURIComponent(file.name) } });
      if (!answer.ok) throw new Error(answer.statusText);
      trigger("upload", await answer.json());
    } catch {
      window.secondLook.toast(words().upload_failed);
    }
  },
});

// First the reply that is shown is let go.
function open(id) { closeMenu(); trigger("blur"); trigger("select", { id }); }

function item(entry) {
  const cover = entry.cover
    ? el("img", { class: "sl-cover", src: entry.cover, alt: "", loading: "lazy" })
    : el("span", { class: "sl-cover" }, icon("chat"));
  const tags = entry.tags.map((tag) => el("span", { class: "sl-tag" }, tag));
  const button = el("button", {
    class: "sl-item", type: "button", "data-id": entry.id, onclick: () => open(entry.id),
  }, cover, el("span", { class: "sl-item-text" },
    el("span", { class: "sl-item-title" }, entry.title),
    el("span", { class: "sl-item-about" }, entry.about, ...tags)));
  const more = el("button", {
    class: "sl-more", type: "button", title: words().more, "aria-label": words().more,
    onclick: () => menu(more, itemMenu(entry, button)),
  }, icon("more"));
  return el("div", { class: "sl-row", "data-row": entry.id }, button, more);
}

// The receipts of a folder stand as one: they are looked through in a view of their own.
function folder({ tag, name, about, cover }) {
  return el("button", { class: "sl-item", type: "button", "data-folder": tag,
    onclick: () => { closeMenu(); window.secondLook.folder.open(tag); } },
  cover ? el("img", { class: "sl-cover", src: cover, alt: "", loading: "lazy" }) : el("span", { class: "sl-cover" }, icon("folder")),
  el("span", { class: "sl-item-text" }, el("span", { class: "sl-item-title" }, name), el("span", { class: "sl-item-about" }, about)));
}

function excerpt(hit) {
  const parts = [];
  let at = 0;
  for (const [start, end] of hit.highlights) {
    parts.push(hit.excerpt.slice(at, start), el("mark", {}, hit.excerpt.slice(start, end)));
    at = end;
  }
  return [...parts, hit.excerpt.slice(at)];
}

function hits(found) {
  if (!found.length) return [el("p", { class: "sl-none" }, words().search_none)];
  const ids = [...new Set(found.map((hit) => hit.id))].join(",");
  return [
    ...found.map((hit) => el("button", {
      class: "sl-item sl-hit", type: "button", "data-id": hit.id, onclick: () => open(hit.id),
    }, el("span", { class: "sl-item-text" },
      el("span", { class: "sl-item-title" }, hit.title),
      el("span", { class: "sl-item-excerpt" }, ...excerpt(hit))))),
    el("a", { class: "sl-export-found", href: `/export/selection.zip?ids=${ids}`, download: "" }, words().export_found),
  ];
}

const draw = drawn(list, () => {
  const { groups, folders, found, more } = latest;
  if (isSearch() && found === null) return; // what was found stays until the box is empty
  const all = more ? [el("button", { class: "sl-all", type: "button", onclick: () => manage("all", "") }, more)] : [];
  const shown = found !== null && isSearch()
    ? hits(found)
    : groups.length || folders.length
      ? [...folders.map(folder), ...groups.map((group) => el("section", { class: "sl-day" }, el("h2", {}, group.label), ...group.items.map(item))), ...all]
      : [el("p", { class: "sl-none" }, words().empty)];
  const scrolled = list.scrollTop;
  list.replaceChildren(...shown);
  list.scrollTop = scrolled;
  markOpen();
});

// What is open is the page's to say: a list may be older than that.
function markOpen() {
  const { openId, openFolder } = window.secondLook;
  for (const each of list.querySelectorAll(".sl-item:not(.sl-hit)")) {
    if (each.dataset.id === (openId || null) || each.dataset.folder === (openFolder || null)) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

// Once in each language; the search box must not lose what is typed when the list changes.
let language = null;
function build() {
  const w = words();
  if (root.contains(list) && language === w.new) return;
  language = w.new;
  query.placeholder = w.search;
  query.setAttribute("aria-label", w.search);
  list.setAttribute("aria-label", w.menu);
  const more = el("button", {
    class: "sl-tool", type: "button", title: w.more, "aria-label": w.more, onclick: () => menu(more, mainMenu()),
  }, icon("more"));
  root.replaceChildren(
    el("div", { class: "sl-brand" }, icon("logo"), el("strong", {}, w.app), more),
    el("button", { class: "sl-new", type: "button", title: w.new_keys, "aria-keyshortcuts": "Control+Shift+O Meta+Shift+O", onclick: () => { closeMenu(); trigger("click"); } }, icon("plus"), w.new),
    query, filterFields(), list, chooser);
}

document.addEventListener("sl-open", markOpen);
document.addEventListener("sl-folder", () => { if (!isSearch()) ask(); }); // receipts were read
// Of two answers, that which was read first may come last.
function take() {
  if (props.value.at < latest.at) return;
  latest = props.value;
  build();
  draw();
}

take();
watch("value", take);
