// A folder at once: files go in, receipts come out, those that want a look first.
// secondLook.folder.open(tag) shows a folder; without a tag, all of them and how to add one.
(() => {
  const { el, icon, drawn, folderFiles, folderQueue } = window.secondLook;
  const LOOK_MS = 1000; // between two looks at how far it is
  const AGAIN_MS = 2500; // between two looks at the list while it grows

  let words = null;
  let found = { folders: [], places: [] };
  let now = null; // how far the folder is that is being read
  let shown = null; // the tag of the folder that is open
  let chosen = null; // {name, files}: chosen, not yet begun
  let sending = null; // {tag, n, files, stopped, ended: a promise}
  let failuresOpen = false;
  let looked = { at: 0, done: -1 };
  let looking = 0;
  let asked = 0; // how many times was asked how far it is
  const heard = { now: 0, rows: 0 }; // the number of the ask that each is from

  const view = el("section", { id: "folder", role: "dialog", tabindex: "-1", hidden: "" });
  const chip = el("button", { type: "button", class: "fold-chip", hidden: "", onclick: () => open(now?.tag) });
  const top = el("header", { class: "fold-top" });
  const body = el("div", { class: "fold-body" });
  const queue = folderQueue(view, () => load());
  const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  async function ask(path, options) {
    const response = await fetch(`/folder${path}`, options);
    const answer = await response.json();
    if (answer.problem) window.secondLook.toast(answer.problem.filter(Boolean).join(" "));
    return response.ok ? answer : null;
  }

  // Of two answers the older may come later: it changes nothing.
  const isNews = (about, number) => number > heard[about] && Boolean(heard[about] = number);

  async function askHowFar(path) {
    const number = asked += 1;
    const answer = await ask(path);
    if (answer && isNews("now", number)) now = answer.now;
    return answer && { ...answer, number };
  }

  const post = (path, values) => ask(path, { method: "POST", body: JSON.stringify(values), headers: { "content-type": "application/json" } });

  const isReading = () => now?.tag === shown && now?.state === "reading";

  // Opening, closing

  async function open(tag = null) {
    const answer = await askHowFar("");
    if (!answer) return;
    words = answer.words;
    found = answer;
    window.secondLook.closeMenu();
    shown = tag;
    chosen = null;
    queue.clear(words);
    view.hidden = false;
    view.setAttribute("aria-label", words.title);
    draw();
    if (tag) await load();
    // Where list and receipt stand side by side, the first is shown; not while places still change.
    if (tag && !isReading() && matchMedia("(min-width: 821px)").matches) queue.first();
    (view.querySelector(tag ? ".fold-row" : ".fold-choose") ?? close_).focus({ preventScroll: true });
    follow();
  }

  function close() {
    if (view.hidden) return;
    view.hidden = true;
    queue.pick(null);
    document.dispatchEvent(new Event("sl-folder")); // the list of conversations has grown
    follow();
    window.secondLook.focusComposer();
  }

  // Following

  function follow() {
    clearTimeout(looking);
    drawChip();
    if (sending || (now && now.state !== "done")) looking = setTimeout(look, LOOK_MS);
  }

  async function look() {
    await askHowFar("/now").catch(() => null);
    const grown = now?.tag === shown && now.done !== looked.done;
    const due = Date.now() - looked.at > AGAIN_MS || now?.state === "done";
    if (!view.hidden && shown && grown && due) await load(); else if (!view.hidden) drawTop();
    if (now?.state === "done" && !sending) document.dispatchEvent(new Event("sl-folder"));
    follow();
  }

  async function load() {
    const tag = shown;
    const answer = await askHowFar(`/queue?tag=${encodeURIComponent(tag)}`);
    if (!answer || tag !== shown || !isNews("rows", answer.number)) return;
    looked = { at: Date.now(), done: now?.tag === tag ? now.done : -1 };
    queue.show(answer.rows, isReading() ? `${words.reading}…` : words.empty);
    drawTop();
  }

  // Adding

  function choose(all) {
    const files = folderFiles.readable(all);
    if (!files.length) { window.secondLook.toast(words.files_none); return; }
    if (!mayAdd(shown)) return;
    if (shown) { send(shown, files); return; }
    chosen = { name: folderFiles.nameOf(files), files };
    draw();
    view.querySelector(".fold-name input").select();
  }

  function fromInput(input) {
    const files = folderFiles.fromInput(input);
    if (files.length) choose(files);
  }

  async function dropped(event) {
    event.preventDefault();
    event.stopPropagation(); // the page would put them into the composer
    view.classList.remove("fold-over");
    const files = await folderFiles.fromDrop(event);
    if (files.length) choose(files);
  }

  async function begin() {
    const { files } = chosen;
    const answer = await post("/open", { name: view.querySelector(".fold-name input").value });
    if (!answer) return;
    chosen = null;
    shown = answer.tag;
    draw();
    view.focus();
    send(answer.tag, files);
  }

  // One folder at a time: the files of two would keep each other out.
  function mayAdd(tag) {
    if (!sending || sending.tag === tag) return true;
    const left = sending.files.length - sending.n + 1;
    window.secondLook.toast(filled(words.adding, { folder: folderName(sending.tag), left }));
    return false;
  }

  async function send(tag, files) {
    if (sending?.stopped) await sending.ended;
    if (!mayAdd(tag)) return;
    if (sending) { sending.files.push(...files); return; }
    const batch = sending = { tag, n: 0, files: [...files], stopped: false };
    batch.ended = sendAll(batch);
    follow();
    await batch.ended;
    await look();
  }

  // One after another: what was added is being read meanwhile.
  async function sendAll(batch) {
    while (batch.n < batch.files.length && !batch.stopped) {
      const { file, path } = batch.files[batch.n];
      batch.n += 1;
      drawTop();
      try {
        const answer = await ask(`/files?tag=${encodeURIComponent(batch.tag)}`, { method: "POST", body: file, headers: { "x-name": encodeURIComponent(path) } });
        if (!answer) break;
      } catch {
        window.secondLook.toast(words.upload_failed);
        break;
      }
    }
    sending = null;
  }

  async function beginPlace(place) {
    if (!mayAdd(null)) return;
    const answer = await post("/place", { name: place });
    if (answer) open(answer.tag);
  }

  async function act(name) {
    if (name === "stop") {
      if (!confirm(words.stop_sure)) return;
      if (sending?.tag === shown) {
        // The file on its way would come after the end, and be read: nothing begins until it is here.
        sending.stopped = true;
        await post("/pause", { tag: shown });
        await sending?.ended;
      }
    }
    await post(`/${name}`, { tag: shown });
    look();
  }

  // Drawing

  const button = (label, onclick, kind = "") => el("button", { type: "button", class: `fold-button ${kind}`, onclick }, label);
  const tool = (name, label, onclick, kind = "") => el("button", { type: "button", class: `fold-tool ${kind}`, title: label, "aria-label": label, onclick }, icon(name));
  const close_ = el("button", { type: "button", class: "fold-tool fold-close", onclick: close }, icon("close"));
  const folderName = (tag) => tag.replace(/\/$/, "");

  const pictures = el("input", { type: "file", multiple: "", hidden: "", class: "fold-pictures", accept: "image/*,.heic,.heif,.tif,.tiff,.avif,.pdf", onchange: () => fromInput(pictures) });
  const folder = el("input", { type: "file", webkitdirectory: "", hidden: "", class: "fold-folder", onchange: () => fromInput(folder) });

  function draw() {
    close_.title = words.close;
    close_.setAttribute("aria-label", words.close);
    drawTop();
    body.replaceChildren(...(shown ? queue.elements : [chosen ? drawChosen() : drawStart()]));
  }

  const drawTop = drawn(top, () => {
    const reading = now?.tag === shown ? now : null;
    const busy = reading && reading.state !== "done";
    const adding = sending?.tag === shown ? sending : null;
    const parts = [];
    if (shown || chosen) parts.push(tool("back", words.back, () => open(), "fold-back"));
    parts.push(el("h2", {}, shown ? folderName(shown) : words.title));
    if (busy || adding) parts.push(button(reading?.state === "paused" ? words.resume : words.pause,
      () => act(reading?.state === "paused" ? "resume" : "pause"), "fold-pause"), button(words.stop, () => act("stop"), "fold-stop"));
    if (shown && !busy && !adding) parts.push(button(words.add, () => pictures.click(), "fold-add"));
    if (shown && queue.count()) parts.push(...["xlsx", "csv"].map((ending) => el("a", { class: "fold-button fold-table", download: "",
      href: `/folder/table.${ending}?tag=${encodeURIComponent(shown)}` }, ending === "xlsx" ? "Excel" : "CSV")));
    parts.push(close_);
    top.replaceChildren(el("div", { class: "fold-bar" }, ...parts), ...drawProgress(reading, adding));
  });

  function drawProgress(reading, adding) {
    if (!reading && !adding) return [];
    const waiting = adding ? adding.files.length - adding.n : 0;
    const total = (reading?.total ?? 0) + waiting;
    const parts = [];
    if (reading?.state !== "done" || adding) {
      const share = total ? (reading?.done ?? 0) / total : 0;
      parts.push(el("div", { class: "fold-share", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": String(total), "aria-valuenow": String(reading?.done ?? 0) },
        el("span", { style: `width:${(share * 100).toFixed(1)}%` })));
    }
    const told = [total ? filled(words.progress, { done: reading?.done ?? 0, total }) : "", reading?.left,
      adding ? filled(words.uploading, { n: adding.n, total: adding.files.length }) : "", reading?.same].filter(Boolean);
    parts.push(el("p", { class: "fold-told", role: "status" }, told.join(" · ")));
    if (reading?.problem) parts.push(el("div", { class: "sl-problem fold-problem" }, el("strong", {}, reading.problem[0]), el("span", {}, reading.problem[1])));
    if (reading?.failures.length) parts.push(el("details", { class: "fold-failures", open: failuresOpen ? "" : null },
      el("summary", { onclick: (event) => { failuresOpen = !event.currentTarget.parentElement.open; } }, `${words.left_out}: ${reading.failures.length}`),
      el("ul", {}, ...reading.failures.map(({ name, text }) => el("li", {}, el("strong", {}, name), " ", text)))));
    return parts;
  }

  function drawStart() {
    const entry = (name, about, onclick, kind) => el("button", { type: "button", class: `fold-entry ${kind}`, onclick },
      icon("folder"), el("span", {}, name), el("small", {}, about));
    return el("div", { class: "fold-start" },
      el("p", { class: "fold-about" }, words.about),
      el("div", { class: "fold-drop" }, icon("folder"),
        el("div", { class: "fold-buttons" }, button(words.choose_folder, () => folder.click(), "fold-choose fold-go"), button(words.choose_pictures, () => pictures.click(), "fold-choose-pictures")),
        el("small", {}, words.drop)),
      ...(found.places.length ? [el("h3", {}, words.places), ...found.places.map(({ place, about }) => entry(place, about, () => beginPlace(place), "fold-place"))] : []),
      ...(found.folders.length ? [el("h3", {}, words.earlier), ...found.folders.map(({ tag, name, about }) => entry(folderName(name), about, () => open(tag), "fold-earlier"))] : []));
  }

  function drawChosen() {
    const input = el("input", { value: chosen.name, maxlength: "80", placeholder: words.name_hint, "aria-label": words.name });
    const form = el("form", { class: "fold-start fold-name" },
      el("label", {}, el("span", {}, words.name), input),
      el("p", { class: "fold-about" }, chosen.files.length === 1 ? words.one_file : filled(words.files, { n: chosen.files.length })),
      el("div", { class: "fold-buttons" }, el("button", { class: "fold-button fold-go", type: "submit" }, words.start)));
    form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
    return form;
  }

  function drawChip() {
    const busy = now && now.state !== "done";
    chip.hidden = !busy || !view.hidden;
    if (busy && words) chip.replaceChildren(icon("folder"), `${folderName(now.tag)} · ${filled(words.progress, now)}${now.left ? ` · ${now.left}` : ""}`);
  }

  const leave = (event) => {
    event.stopPropagation(); // it would stop a reply
    if (document.querySelector(".sl-popup")) return;
    if (view.classList.contains("fold-open") && matchMedia("(max-width: 820px)").matches) queue.pick(null); else close();
  };
  view.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(event); });
  // Where what had the focus is gone, as a button that was clicked may be.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !view.hidden && event.target === document.body) leave(event);
  }, true);
  view.addEventListener("dragover", (event) => { event.preventDefault(); event.stopPropagation(); view.classList.add("fold-over"); });
  view.addEventListener("dragleave", (event) => { if (!view.contains(event.relatedTarget)) view.classList.remove("fold-over"); });
  view.addEventListener("drop", dropped);
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); }); // the rest would be lost
  // Another conversation comes into view.
  document.addEventListener("click", (event) => { if (event.target.closest?.(".sl-item:not([data-folder]), .sl-new")) close(); }, true);

  window.secondLook.folder = { open };
  document.addEventListener("DOMContentLoaded", async () => {
    view.append(top, body, pictures, folder);
    document.body.append(view, chip);
    const answer = await askHowFar("").catch(() => null);
    if (!answer) return;
    words = answer.words;
    follow();
  });
})();
