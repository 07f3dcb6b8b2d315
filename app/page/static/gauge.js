// How much memory is in use, by whom, and what would help when it runs short. Asks the server itself.
const { el, drawn } = window.secondLook;
const root = element.querySelector(".sl-root");
const EVERY_MS = 3000;

function parts(gauge) {
  return el("dl", { class: "sl-gauge-parts", role: "tooltip" },
    ...gauge.parts.flatMap(([name, size]) => [el("dt", {}, name), el("dd", {}, size)]));
}

function gauge(entry) {
  const percent = (share) => `width:${Math.min(100, share * 100).toFixed(1)}%`;
  const bar = el("div", { class: "sl-gauge-bar", role: "meter", "aria-label": entry.label, "aria-valuemin": "0",
    "aria-valuemax": "100", "aria-valuenow": String(Math.round(entry.share * 100)), "aria-valuetext": entry.amount },
    el("i", { style: percent(entry.share) }), el("b", { style: percent(entry.ours) }));
  const advice = !entry.advice ? [] : entry.action
    ? [el("button", { type: "button", class: "sl-gauge-advice", onclick: () => window.secondLook.clear(entry.action) }, entry.advice)]
    : [el("span", { class: "sl-gauge-advice" }, entry.advice)];
  return el("div", { class: "sl-gauge", tabindex: "0", "data-alarm": entry.alarm },
    el("span", { class: "sl-gauge-label" }, entry.label), el("span", { class: "sl-gauge-amount" }, entry.amount),
    bar, ...advice, parts(entry));
}

let last = "";

async function look() {
  if (document.hidden) return;
  const response = await fetch("/clear/memory").catch(() => null);
  if (!response?.ok) return;
  const text = await response.text();
  if (text === last) return;
  last = text;
  draw();
}

const draw = drawn(root, () => {
  const at = [...root.children].indexOf(document.activeElement);
  root.replaceChildren(...JSON.parse(last).gauges.map(gauge));
  if (at >= 0) root.children[at]?.focus();
});

look();
setInterval(look, EVERY_MS);
for (const name of ["visibilitychange", "sl-memory"]) document.addEventListener(name, look);
