// What stands where no conversation is open.
// value: {mode: "loading" | "ready" | "failed", headline, subline, progress: {label, share} | null,
//         cards: [{job, title, about, covers, example, mine}]}
const { el, icon, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");

function bar(progress) {
  const known = progress && progress.share !== null;
  return el("div", { class: "sl-progress", role: "progressbar" },
    el("span", { style: known ? `width:${Math.round(progress.share * 100)}%` : null,
      class: known ? "" : "sl-unknown" }));
}

const files = () => window.secondLook.composer?.draft().files.length ?? 0;

function card(entry) {
  const covers = el("span", { class: "sl-card-covers" },
    ...entry.covers.map((src) => el("img", { src, alt: "" })));
  const title = el("span", { class: "sl-card-title" }, entry.title);
  return el("button", {
    class: "sl-card", type: "button", "data-job": entry.job,
    onclick: () => {
      // Whoever has attached a picture wants it read, not the example.
      if (files()) window.secondLook.composer.choose(entry.job);
      else trigger("select", { job: entry.job });
    },
  }, covers, title,
    el("span", { class: "sl-card-about" }, entry.about),
    el("span", { class: "sl-card-example" }, files() ? entry.mine : entry.example, icon("arrow")));
}

const draw = drawn(root, () => {
  const { mode, headline, subline, progress, cards } = props.value;
  const parts = [
    el("h2", {}, headline),
    el("p", {}, subline),
  ];
  if (mode === "loading") parts.push(bar(progress), el("p", { class: "sl-stage" }, progress?.label ?? ""));
  if (mode === "ready") parts.push(el("div", { class: "sl-cards" }, ...cards.map(card)));
  root.replaceChildren(el("div", { class: "sl-welcome", "data-mode": mode, "aria-live": "polite" }, ...parts));
});

// What a card does with a click is what it says.
let had = 0;
document.addEventListener("sl-files", () => {
  if (Boolean(files()) === Boolean(had)) return;
  had = files();
  if (props.value.mode === "ready") draw();
});
draw();
watch("value", draw);
