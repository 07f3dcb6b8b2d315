// The receipts of a folder, those that want a look first; each opens beside the list.
// folderQueue(view, reload): ``reload`` fetches the rows anew, and gives them to ``show``.
(() => {
  const { el, icon, drawn } = window.secondLook;
  const tool = (name, label, onclick, kind) => el("button", { type: "button", class: `fold-tool ${kind}`, title: label, "aria-label": label, onclick }, icon(name));

  window.secondLook.folderQueue = (view, reload) => {
    let words = {};
    let rows = [];
    let picked = null; // the conversation of the row that is open
    let onlyUnchecked = true;
    let none = ""; // what is said where there are no rows
    const made = new Map(); // what stands in the list, and what it was drawn from

    const list = el("nav", { class: "fold-list" });
    const side = el("div", { class: "fold-side" });
    const row = (conversation) => rows.find((each) => each.conversation === conversation);
    const button = (conversation) => list.querySelector(`[data-conversation="${conversation}"]`);

    function clear(said) {
      words = said;
      rows = [];
      made.clear();
      none = words.empty;
      pick(null);
      draw();
    }

    function show(found, nothing) {
      // Who is looking through them must not see them change places.
      const places = new Map(rows.map((each, place) => [each.conversation, place]));
      const place = (each) => places.get(each.conversation) ?? Infinity;
      rows = picked ? found.sort((one, other) => place(one) === place(other) ? 0 : place(one) - place(other)) : found;
      none = nothing;
      draw();
    }

    function visible() {
      return onlyUnchecked && rows.some((each) => !each.checked)
        ? rows.filter((each) => !each.checked || each.conversation === picked) : rows;
    }

    // What says the same as before stays the element it was, painted and under the hand.
    function kept(key, said, make) {
      const told = JSON.stringify(said);
      if (made.get(key)?.told !== told) made.set(key, { told, node: make() });
      return made.get(key).node;
    }

    // Only what is not in its place yet is moved.
    function put(nodes) {
      const stay = new Set(nodes);
      for (const old of [...list.children]) if (!stay.has(old)) old.remove();
      nodes.forEach((node, at) => { if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null); });
    }

    const draw = drawn(list, () => {
      const left = rows.filter((each) => !each.checked).length;
      const tabs = kept("tabs", [left, rows.length, onlyUnchecked, words.all], () => drawTabs(left));
      list.setAttribute("aria-label", words.queue);
      put(rows.length ? [tabs, ...visible().map((each) => kept(each.conversation, each, () => drawRow(each)))]
        : [kept("none", none, () => el("p", { class: "fold-none" }, none))]);
      mark();
    });

    function drawTabs(left) {
      const tab = (label, is) => el("button", { type: "button", class: "fold-tab", "data-all": String(!is), "aria-pressed": String(onlyUnchecked === is),
        onclick: () => { onlyUnchecked = is; draw(); } }, label);
      return el("div", { class: "fold-tabs" }, ...(left ? [tab(`${words.to_check} ${left}`, true), tab(`${words.all} ${rows.length}`, false)]
        : [el("p", { class: "fold-none" }, icon("check"), words.all_checked)]));
    }

    function drawRow(each) {
      const state = each.state === "unsure" && each.why ? `${each.label}: ${each.why}` : each.label;
      return el("button", { type: "button", class: "fold-row", "data-conversation": each.conversation, "data-state": each.state,
        title: each.name, onclick: () => pick(each.conversation) },
        each.cover ? el("img", { src: each.cover, alt: "", loading: "lazy" }) : el("span", {}),
        el("span", { class: "fold-text" },
          el("span", { class: "fold-who" }, each.merchant, ...(each.more ? [` +${each.more}`] : [])),
          el("span", { class: "fold-when" }, [each.date, each.total].filter(Boolean).join(" · ") || each.name),
          ...(state ? [el("span", { class: "fold-state" }, state)] : [])));
    }

    function mark() {
      list.querySelector("[aria-current]")?.removeAttribute("aria-current");
      button(picked)?.setAttribute("aria-current", "true");
    }

    function pick(conversation) {
      picked = conversation;
      view.classList.toggle("fold-open", Boolean(picked));
      mark();
      drawPanel();
    }

    function drawPanel() {
      const open = row(picked);
      if (!open) { side.replaceChildren(el("p", { class: "fold-hint" }, words.pick ?? "")); return; }
      const place = el("div", { class: "sl-panel", "data-job": "receipt", "data-conversation": open.conversation, "data-turn": String(open.turn) });
      side.replaceChildren(
        el("div", { class: "fold-steps" },
          tool("back", words.queue, () => pick(null), "fold-list-again"),
          el("span", { class: "fold-file" }, open.name),
          tool("down", words.previous, () => step(-1), "fold-up"), tool("down", words.next, () => step(1), "fold-down"),
          el("a", { class: "fold-button fold-talk", href: `/?c=${open.conversation}`, title: words.open }, icon("chat"), el("span", {}, words.open))),
        el("div", { class: "fold-panel" }, place));
      place.addEventListener("sl-kept", () => checkAgain(open.conversation));
      side.scrollTop = 0;
    }

    // What is confirmed or corrected in the panel is seen in the list; who writes in it stays there.
    async function checkAgain(conversation) {
      const before = row(conversation)?.checked;
      await reload();
      if (before === false && row(conversation)?.checked && picked === conversation && !side.querySelector(".slip-input:focus")) toUnchecked();
    }

    // To the receipt before or after.
    function step(by) {
      const all = visible();
      show_(all[all.findIndex((each) => each.conversation === picked) + by]);
    }

    // To the next one that is still to be checked.
    function toUnchecked() {
      const at = rows.findIndex((each) => each.conversation === picked);
      const next = [...rows.slice(at + 1), ...rows.slice(0, at)].find((each) => !each.checked);
      if (next) show_(next); else window.secondLook.toast(words.all_checked);
    }

    function show_(each) {
      if (!each) return;
      pick(each.conversation);
      draw();
      button(picked)?.scrollIntoView({ block: "nearest" });
    }

    list.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = [...list.querySelectorAll(".fold-row")];
      all[Math.min(Math.max(all.indexOf(document.activeElement) + by, 0), all.length - 1)]?.focus();
    });

    return { elements: [list, side], clear, show, pick, first: () => pick(visible()[0]?.conversation ?? null), count: () => rows.length };
  };
})();
