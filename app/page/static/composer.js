// Where one writes: text, pictures, a job. What stands here is a draft, one for each conversation
// (drafts.js); it is sent as the detail of an event, which says whose it is.
// value: {enabled, placeholder, words, jobs: [{job, label, prompt}], busy?,
//         place?: the conversation that is shown, answered?: {number, taken, conversation},
//         holds?: {id, text, files: [{id, name, width, height}], job, editing}}: a turn to be edited,
//         or pictures beside what stands here; once
const { el, icon, drafts, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");
const LONG = 2000; // characters: a longer paste becomes a note beside the text

let value = {};
let place = ""; // the conversation that the draft is for
let draft = drafts.of(place);
let held = ""; // the last ``holds`` that was taken in
let sendsWhenUploaded = false;
let isKept = true;
let recalled = -1; // how far back ↑ has gone
let presets = [];

// --- Drafts

// Questions that say nothing of where to look.
const VAGUE = /^\s*((what('?s| is)|is|check|look at|read|explain|describe) (this|that|it)( (right|ok|okay|correct|wrong|here))?|right|correct|这是什么|这个对吗|对不对|对吗|看看|看一下|检查一下|有问题吗)\s*[?？!！.。]*\s*$/i;

function keep() {
  vague.textContent = draft.files.length && VAGUE.test(draft.text) ? value.words?.vague ?? "" : "";
  const before = isKept;
  isKept = drafts.keep();
  if (before && !isKept) window.secondLook.toast(value.words.draft_too_long);
}

function changed() {
  keep();
  clearTimeout(changed.timer);
  changed.timer = setTimeout(() => trigger("input", { draft: whole() }), 200);
}

// What is sent: notes stand behind the text.
function whole() {
  const text = [draft.text, ...draft.notes].filter((part) => part.trim()).join("\n\n");
  const settings = place ? null : window.secondLook.settings.forNew();
  const files = draft.files.map(({ id, name }) => ({ id, name }));
  return { place, text, files, job: draft.job, editing: draft.editing, settings };
}

function drawDraft() {
  area.value = draft.text;
  recalled = -1;
  grow();
  drawFiles();
}

function put(news) {
  Object.assign(draft, news);
  drawDraft();
  changed();
}

function show(conversation) {
  if (conversation !== place) sendsWhenUploaded = false;
  place = conversation;
  if (draft === drafts.of(place)) return;
  draft = drafts.of(place);
  drawDraft();
  changed();
}

function giveUpEdit() {
  for (const file of draft.files) forget(file);
  put({ ...drafts.empty(), ...draft.before });
  area.focus();
}

// --- Pictures

// One after another, so that they stand in the order in which they were chosen.
let arriving = Promise.resolve();
let arrived = { count: 0, refused: [] }; // since nothing was on its way
const coming = new Map(); // how many pictures are on their way into a draft

function attach(files) {
  document.dispatchEvent(new Event("sl-attach"));
  if (!coming.size) arrived = { count: 0, refused: [] };
  const into = draft; // wherever the user will be
  arrived.count += files.length;
  coming.set(into, (coming.get(into) ?? 0) + files.length);
  drawFiles();
  for (const file of files) arriving = arriving.then(() => receive(file, into));
}

async function receive(file, into) {
  const came = await upload(file, into);
  const left = coming.get(into) - 1;
  if (left) coming.set(into, left); else coming.delete(into);
  if (into !== draft) { keep(); return; }
  if (!came) sendsWhenUploaded = false; // what was asked, was asked about all of them
  drawFiles();
  changed();
  if (!left && sendsWhenUploaded) send();
}

// Returns whether something of the file stands in the draft now.
async function upload(file, into) {
  let answer;
  try {
    const response = await fetch("/uploads", {
      method: "POST", body: file, headers: { "x-name": encodeURIComponent(file.name) } });
    answer = await response.json();
  } catch {
    window.secondLook.toast(value.words.upload_failed);
    return false;
  }
  if (answer.error) {
    arrived.refused.push({ name: arrived.count > 1 ? file.name : "", error: answer.error });
    trigger("upload", { refused: arrived.refused });
    return false;
  }
  const files = answer.files.length > 1 ? await choosePages(file.name, answer.files) : answer.files;
  into.files.push(...files);
  return files.length > 0;
}

const forget = (file) => fetch(`/uploads/${file.id}`, { method: "DELETE" });

function remove(file) {
  draft.files = draft.files.filter((other) => other !== file);
  forget(file);
  drawFiles();
  changed();
  area.focus();
}

function move(file, to) {
  const files = draft.files.filter((other) => other !== file);
  files.splice(Math.max(0, Math.min(to, files.length)), 0, file);
  draft.files = files;
  drawFiles();
  changed();
}

let dragged = null;

function thumbnail(file, at, all) {
  const label = all.length > 1 ? value.words.picture_n.replace("{n}", at + 1) : file.name;
  const item = el("div", { class: "thumbnail-item", tabindex: 0, draggable: "true", role: "group",
    title: file.name, "aria-label": `${label}: ${file.name}` },
  el("img", { src: `/uploads/${file.id}.webp`, alt: file.name, draggable: "false",
    onerror: () => remove(file) }), // a clear deleted it
  ...(all.length > 1 ? [el("b", {}, String(at + 1))] : []),
  el("button", { type: "button", title: value.words.remove, "aria-label": `${value.words.remove}: ${file.name}`,
    onclick: () => remove(file) }, icon("close")));
  item.addEventListener("dragstart", (event) => {
    dragged = file;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", file.name);
  });
  item.addEventListener("dragover", (event) => { if (dragged) event.preventDefault(); });
  item.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    event.stopPropagation();
    move(dragged, at);
    dragged = null;
  });
  item.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.target !== item) return;
    if (step) {
      event.preventDefault();
      move(file, at + step);
      row.querySelectorAll(".thumbnail-item")[Math.max(0, Math.min(at + step, all.length - 1))].focus();
    } else if (event.key === "Delete" || event.key === "Backspace") remove(file);
  });
  return item;
}

function note(text, at) {
  const open = () => {
    draft.notes.splice(at, 1);
    put({ text: [draft.text, text].filter(Boolean).join("\n\n") });
    area.focus();
  };
  const drop = () => { draft.notes.splice(at, 1); drawFiles(); changed(); };
  return el("div", { class: "sl-note-chip" },
    el("button", { type: "button", class: "sl-note-open", onclick: open },
      value.words.pasted.replace("{n}", text.length.toLocaleString()), el("small", {}, text.slice(0, 60))),
    el("button", { type: "button", class: "sl-note-drop", "aria-label": value.words.remove, onclick: drop }, icon("close")));
}

function drawFiles() {
  const parts = draft.files.map(thumbnail);
  if (coming.has(draft) || drafts.aside(place)?.files.length) parts.push(el("div", { class: "sl-uploading", role: "status" }, el("i", {}), value.words.uploading));
  parts.push(...draft.notes.map(note));
  row.replaceChildren(...parts);
  row.hidden = !parts.length;
  document.dispatchEvent(new Event("sl-files"));
  drawChips();
}

function drawChips() {
  const job = value.jobs?.find((each) => each.job === draft.job);
  if (!job) { chip.replaceChildren(...suggestions()); return; }
  chip.replaceChildren(el("span", { class: "sl-job-chip", "data-job": job.job }, job.label,
    el("button", { type: "button", "aria-label": value.words.job_remove, title: value.words.job_remove,
      onclick: () => { draft.job = null; drawFiles(); changed(); area.focus(); } }, icon("close"))));
}

// Pictures without a word about them: what could be done with them, in sight.
function suggestions() {
  if (!draft.files.length || draft.text.trim()) return [];
  const fit = value.jobs.filter(({ job }) => job !== "compare" || draft.files.length > 1);
  return fit.map((each) => el("button", { type: "button", class: "sl-suggestion", "data-job": each.job,
    title: each.prompt, onclick: () => choose(each) }, each.label));
}

// A document's pages: resolves to those that are chosen.
function choosePages(name, pages) {
  const boxes = pages.map((page, at) => {
    const box = el("input", { type: "checkbox", "aria-label": page.name });
    box.checked = at < 8; // more are seldom meant, and each takes its time
    return box;
  });
  const strip = el("div", { class: "sl-pages" }, ...pages.map((page, at) => el("label", {},
    el("img", { src: `/uploads/${page.id}.webp`, alt: "" }), boxes[at], el("span", {}, String(at + 1)))));
  const all = el("input", { type: "checkbox", onchange: () => boxes.forEach((box) => { box.checked = all.checked; }) });
  const look = () => { all.checked = boxes.every((box) => box.checked); };
  strip.addEventListener("change", look);
  look();
  const primary = el("button", { type: "button", class: "sl-primary", onclick: () => dialog.close("add") }, value.words.add_pages);
  const title = value.words.choose_pages.replace("{n}", pages.length).replace("{name}", () => name);
  const dialog = ask(title, el("label", { class: "sl-all-pages" }, all, value.words.all_pages), strip, primary);
  primary.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const taken = (_, at) => dialog.returnValue === "add" && boxes[at].checked;
    pages.filter((page, at) => !taken(page, at)).forEach(forget);
    resolve(pages.filter(taken));
  }));
}

// --- A photo

async function photograph() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch {
    window.secondLook.toast(value.words.no_camera);
    return;
  }
  const video = el("video", { autoplay: "", playsinline: "", muted: "" });
  video.srcObject = stream;
  const take = () => {
    if (!video.videoWidth) return; // no picture has come yet
    const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => attach([new File([blob], "photo.jpg", { type: "image/jpeg" })]), "image/jpeg", 0.95);
    dialog.close();
  };
  const dialog = ask(value.words.camera, video,
    el("button", { type: "button", class: "sl-primary", onclick: take }, value.words.take_photo));
  dialog.addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()));
}

function ask(title, ...content) {
  const dialog = el("dialog", { class: "sl-dialog", "aria-label": title }, el("h2", {}, title), ...content,
    el("button", { type: "button", onclick: () => dialog.close() }, value.words.cancel));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// --- Jobs

const commands = () => [
  ...value.jobs.map((each) => ({ ...each, name: each.job })),
  ...presets.map((each) => ({ ...each, label: each.name, own: true })),
];

function choose({ job, prompt }) {
  const known = commands().some((each) => each.prompt === draft.text.trim());
  const text = !draft.text.trim() || draft.text.startsWith("/") || known ? prompt : draft.text;
  closeCommands();
  put({ job: job ?? null, text });
  area.focus();
}

function jobsMenu(anchor) {
  const entries = commands().map((each) => [each.label, { click: () => choose(each) }]);
  if (draft.text.trim()) entries.push([value.words.preset_save, { click: savePreset }]);
  if (presets.length) {
    entries.push([value.words.preset_delete, { group: presets.map((each) => [each.name, { click: () => dropPreset(each) }]) }]);
  }
  window.secondLook.menu(anchor, entries);
}

async function loadPresets() {
  const response = await fetch("/presets");
  if (!response.ok) return;
  presets = await response.json();
  if (document.activeElement === area) offerCommands(); // a slash may have been faster
}

function savePreset() {
  const name = el("input", { type: "text", maxlength: 40, "aria-label": value.words.preset_name, placeholder: value.words.preset_name });
  const save = async () => {
    if (!name.value.trim()) return;
    const body = JSON.stringify({ name: name.value.trim(), job: draft.job, prompt: draft.text });
    try {
      const response = await fetch("/presets", { method: "PUT", body, headers: { "content-type": "application/json" } });
      const answer = await response.json();
      if (response.ok) { presets = answer; dialog.close(); }
      else refused(answer.problem?.join(" ") ?? response.statusText);
    } catch { refused(value.words.upload_failed); }
  };
  const refused = (why) => {
    dialog.querySelector(".sl-problem")?.remove();
    name.after(el("p", { class: "sl-problem", role: "alert" }, why));
  };
  name.addEventListener("keydown", (event) => { if (event.key === "Enter") save(); });
  const dialog = ask(value.words.preset_save, name,
    el("button", { type: "button", class: "sl-primary", onclick: save }, value.words.preset_save));
  name.focus();
}

async function dropPreset({ name }) {
  const response = await fetch(`/presets/${encodeURIComponent(name)}`, { method: "DELETE" });
  if (response.ok) presets = await response.json();
}

let offered = []; // the commands that "/" shows
let marked = 0;

function offerCommands() {
  const typed = /^\/(\S*)$/.exec(area.value)?.[1]?.toLowerCase();
  offered = typed === undefined ? [] : commands().filter(({ name, label }) =>
    name.toLowerCase().startsWith(typed) || label.toLowerCase().startsWith(typed));
  marked = 0;
  drawCommands();
}

function closeCommands() { offered = []; drawCommands(); }

function drawCommands() {
  list.hidden = !offered.length;
  list.replaceChildren(...offered.map((each, at) => el("div", {
    role: "option", id: `sl-command-${at}`, "aria-selected": String(at === marked),
    onpointerdown: (event) => { event.preventDefault(); choose(each); },
  }, el("b", {}, `/${each.name}`), el("span", {}, each.label), el("small", {}, each.prompt))));
  area.setAttribute("aria-expanded", String(!list.hidden));
  if (list.hidden) area.removeAttribute("aria-activedescendant");
  else area.setAttribute("aria-activedescendant", `sl-command-${marked}`);
}

// --- Sending

function send() {
  if (!area.value.trim() && !draft.files.length && !draft.notes.length) return;
  sendsWhenUploaded = coming.has(draft);
  if (sendsWhenUploaded || !value.enabled || drafts.aside(place)) return;
  clearTimeout(changed.timer);
  const sent = whole();
  const number = drafts.send(place);
  draft = drafts.of(place);
  drawDraft();
  window.secondLook.toEnd();
  trigger("submit", { draft: sent, number });
}

function answered(answer) {
  const from = drafts.answered(answer);
  if (from === "" && answer.taken) window.secondLook.settings.begun();
  if (from === place && !answer.taken) { drawDraft(); changed(); }
}

const unanswered = () => drafts.numbers().forEach((number) => answered({ number, taken: false }));

// --- Keys

function recall(step) {
  const said = [...document.querySelectorAll("#hist .sl-typed")].map((each) => each.textContent).reverse();
  const next = Math.max(-1, Math.min(recalled + step, said.length - 1));
  if (next === recalled) return;
  put({ text: said[next] ?? "" });
  recalled = next;
}

function onKey(event) {
  if (event.isComposing || event.keyCode === 229) return; // Enter ends a Chinese word first
  if (offered.length) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) marked = (marked + step + offered.length) % offered.length;
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); choose(offered[marked]); return; }
    else if (event.key === "Escape") offered = [];
    else return;
    event.preventDefault();
    event.stopPropagation();
    drawCommands();
    return;
  }
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
  const recalls = recalled >= 0 || !area.value;
  if (event.key === "ArrowUp" && recalls) { event.preventDefault(); recall(1); }
  if (event.key === "ArrowDown" && recalled >= 0) { event.preventDefault(); recall(-1); }
}

function onPaste(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (files.length) attach(files);
  else if (text.length > LONG) { draft.notes.push(text); drawFiles(); changed(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function onDrop(event) {
  const files = [...(event.dataTransfer?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  event.stopPropagation();
  attach(files);
}

function grow() {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 300)}px`;
}

// --- What stands where

const row = el("div", { class: "thumbnails", hidden: "" });
const chip = el("div", { class: "sl-chips" });
const vague = el("div", { class: "sl-vague", role: "status" });
const list = el("div", { class: "sl-commands", role: "listbox", id: "sl-commands", hidden: "" });
const area = el("textarea", { rows: 1, role: "combobox", "aria-controls": "sl-commands", "aria-expanded": "false",
  "aria-autocomplete": "list", enterkeyhint: "send", disabled: "",
  oninput: () => { draft.text = area.value; recalled = -1; grow(); offerCommands(); drawChips(); changed(); },
  onkeydown: onKey, onpaste: onPaste, onblur: closeCommands });
const input = el("input", { type: "file", multiple: "", hidden: "", tabindex: -1,
  accept: "image/*,.heic,.heif,.avif,.tif,.tiff,application/pdf,.pdf",
  onchange: () => { attach([...input.files]); input.value = ""; } });
const button = (name, shape, onclick) => el("button", { type: "button", class: name, onclick }, icon(shape));
const clip = button("upload-button", "clip", () => input.click());
const camera = button("sl-camera", "camera", photograph);
const jobs = button("sl-jobs", "slash", () => jobsMenu(jobs));
const submit = button("submit-button", "up", send);
const stop = button("stop-button", "stop", () => trigger("stop"));
const box = el("div", { class: "full-container" }, row, chip,
  el("div", { class: "sl-input-row" }, clip, camera, jobs, area, submit, stop), vague, list, input);
box.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
box.addEventListener("drop", onDrop);
root.append(box);
camera.hidden = !navigator.mediaDevices?.getUserMedia;

// What the server says may come while a picture, or what stands beside it, is pressed.
const drawFilesAgain = drawn(box, drawFiles);

function name(node, label) { node.title = label; node.setAttribute("aria-label", label); }

function draw() {
  value = { ...value, ...props.value };
  const { enabled, placeholder, words, busy, holds } = value;
  area.disabled = !enabled;
  area.placeholder = placeholder ?? "";
  // Only the page's first answer says anything here: now the language is known, and the conversation.
  if (placeholder) document.body.classList.add("sl-known");
  for (const each of [clip, camera, jobs, submit]) each.disabled = !enabled;
  submit.hidden = Boolean(busy);
  stop.hidden = !busy;
  if (!words) return;
  for (const [node, key] of [[area, "prompt_label"], [clip, "attach"], [camera, "camera"], [jobs, "jobs"], [submit, "send"], [stop, "stop"]]) name(node, words[key]);
  area.removeAttribute("title");
  if (value.answered) answered(value.answered);
  if (value.place !== undefined) show(value.place);
  if (holds && holds.id !== held) hold(holds);
  else drawFilesAgain();
}

function hold({ id, text, files, job, editing }) {
  held = id;
  if (!editing) { put({ files: [...draft.files, ...files] }); return; }
  if (draft.editing) giveUpEdit();
  const before = drafts.isEmpty(draft) ? null : { ...draft };
  put({ ...drafts.empty(), text, files, job: job || null, editing, before });
}

window.secondLook.composer = { attach, draft: whole, giveUpEdit, unanswered, choose: (job) => choose(value.jobs.find((each) => each.job === job)) };
document.addEventListener("sl-tray", () => { if (!drafts.isEmpty(draft)) changed(); }); // its cost is not there any more
draw();
drawDraft();
watch("value", draw);
loadPresets();
