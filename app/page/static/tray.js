// What stands above the composer: what was refused; go on with a reply that was cut off; what the draft would cost.
// value: {problem: [text, hint] | null, said: string | null, editing: {said, cancel} | null,
//         action: {action, label, …} | null, resume: string | null, cost: string | null, tight: bool, title,
//         details: [{name, label, about}], chosen,
//         keeps: true where only the cost is new: what was said or refused stays}
const { el, icon, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");

let standing = {};
let news = {}; // what is drawn, but for what stands
let chosen = "auto"; // this tab's, as the server's state of it; only a click changes both

function detail({ name, label, about }) {
  return el("button", {
    type: "button", title: about, "data-detail": name, "aria-pressed": String(name === chosen),
    onclick: () => { chosen = name; trigger("select", { detail: name, draft: window.secondLook.composer.draft() }); },
  }, label);
}

function take() {
  const { keeps, ...came } = props.value;
  // What a draft costs is asked for at every key: an answer may be older than the last click.
  if (keeps && came.chosen !== chosen) return;
  news = came;
  if (!keeps) {
    standing = { problem: came.problem, said: came.said, action: came.action };
    document.dispatchEvent(new Event("sl-tray"));
  }
  draw();
}

const draw = drawn(root, () => {
  const { problem, said, action } = standing;
  const { resume, cost, tight, title, details, editing } = news;
  const parts = [];
  if (problem) {
    const [text, hint] = problem;
    parts.push(el("div", { class: "sl-problem", role: "alert" },
      el("strong", {}, text), el("span", {}, hint)));
  }
  if (said) {
    const button = action && el("button", { type: "button", "data-action": action.action,
      onclick: () => trigger("edit", action) }, action.label);
    parts.push(el("div", { class: "sl-said", role: "status" }, said, ...(button ? [button] : [])));
  }
  if (editing) {
    parts.push(el("div", { class: "sl-said", role: "status" }, editing.said,
      el("button", { type: "button", "data-action": "cancel", onclick: () => window.secondLook.composer.giveUpEdit() }, editing.cancel)));
  }
  if (resume) {
    parts.push(el("button", { class: "sl-resume", type: "button", onclick: () => trigger("click") },
      resume, icon("arrow")));
  }
  if (cost) {
    parts.push(
      el("div", { class: "sl-details", role: "group", "aria-label": title },
        ...details.map((entry) => detail(entry))),
      el("span", { class: tight ? "sl-cost sl-tight" : "sl-cost" }, cost));
  }
  root.replaceChildren(...parts);
});

// Whoever tries another file has read why the last was refused.
document.addEventListener("sl-attach", () => {
  if (!standing.problem) return;
  standing.problem = null;
  root.querySelector(".sl-problem")?.remove();
});
take();
watch("value", take);
