// Behind the scenes of a turn, for the curious; and its reply as plain text.
(() => {
  const { el, icon } = window.secondLook;
  const number = (value) => Math.round(value).toLocaleString();
  const size = (bytes) => bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB`
    : bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 10).toFixed(1)} KiB`;
  const ms = (value) => value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${Math.round(value)} ms`;

  function dialog(title, ...content) {
    const shown = el("dialog", { class: "sl-dialog sl-inside", "aria-label": title },
      el("header", {}, el("h2", {}, title),
        el("button", { type: "button", class: "sl-close", "aria-label": window.secondLook.words.set_close, onclick: () => shown.close() }, icon("close"))),
      ...content);
    shown.addEventListener("click", (event) => { if (event.target === shown) shown.close(); });
    shown.addEventListener("close", () => shown.remove());
    document.body.append(shown);
    shown.showModal();
  }

  function section(title, ...content) { return el("section", {}, el("h3", {}, title), ...content); }

  // Bars of one scale; a part of each may be marked.
  function bars(rows) {
    const most = Math.max(...rows.map(({ value }) => value), 1);
    return el("dl", { class: "sl-bars" }, ...rows.flatMap(({ label, value, part = 0, said }) => [
      el("dt", {}, label),
      el("dd", {}, el("i", { style: `width:${value / most * 100}%` }, el("b", { style: `width:${value ? part / value * 100 : 0}%` })),
        el("span", {}, said)),
    ]));
  }

  function facts(pairs) {
    return el("dl", { class: "sl-facts" }, ...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }

  async function read(turn) {
    const response = await fetch(`/inside/${window.secondLook.openId}/${turn}`);
    return response.ok ? response.json() : null;
  }

  async function behind(turn) {
    const [found, shown] = await Promise.all([read(turn),
      fetch(`/turn/${window.secondLook.openId}/${turn}`).then((answer) => answer.ok ? answer.json() : null)]);
    if (!found || !shown) return;
    const w = window.secondLook.words;
    const { usage } = found;
    const parts = [section(w.in_engine, facts([[w.in_model, found.model || "–"], [w.in_revision, found.revision || "–"]]))];
    if (found.parts.length) {
      parts.push(section(w.in_prompt, el("p", {}, w.in_prompt_about
        .replace("{tokens}", number(usage.prompt_tokens)).replace("{cached}", number(usage.cached_tokens ?? 0))),
      bars(found.parts.map(({ role, kind, tokens, cached }) => ({
        label: `${w[`in_${role}`]} · ${w[`in_${kind}`]}`, value: tokens, part: cached, said: number(tokens) })))));
    }
    found.pictures.forEach((grid, at) => {
      if (!grid.columns || !shown.images[at]) return;
      const { src, width, height } = shown.images[at];
      parts.push(section(w.in_seen, el("p", {}, w.in_seen_about
        .replace("{size}", `${width} × ${height}`).replace("{seen}", `${grid.width} × ${grid.height}`)
        .replace("{tokens}", number(grid.columns * grid.rows))),
      el("div", { class: "sl-grid", style: `aspect-ratio:${grid.columns} / ${grid.rows}; --columns:${grid.columns}; --rows:${grid.rows}` },
        el("img", { src, alt: "" }), el("i", {}))));
    });
    const total = found.latency_ms ?? 0;
    const first = usage.first_token_ms ?? 0;
    const decode = usage.decode_ms ?? 0;
    parts.push(section(w.in_time, bars([
      { label: w.in_first, value: first, said: ms(first) },
      { label: w.in_decode, value: decode, said: ms(decode) },
      { label: w.in_rest, value: Math.max(0, total - first - decode), said: ms(Math.max(0, total - first - decode)) },
    ].filter(({ value }) => value >= 1))));
    if (found.scores.length) {
      parts.push(section(w.in_scores, bars(found.scores.map((value, at) => ({
        label: `${(at / 10).toFixed(1)} – ${((at + 1) / 10).toFixed(1)}`, value, said: number(value) })).reverse().filter(({ value }) => value))));
    }
    const memory = Object.entries(found.memory).filter(([, bytes]) => bytes);
    if (memory.length) {
      parts.push(section(w.in_memory, bars(memory.map(([name, bytes]) => ({ label: name, value: bytes, said: size(bytes) })))));
    }
    // The reader has nothing to choose.
    if (found.engine !== "reader") parts.push(section(w.in_params, facts(Object.entries(found.params).map(([name, value]) => [name, String(value)]))));
    dialog(w.in_title, ...parts);
  }

  async function raw(turn) {
    const found = await read(turn);
    if (!found) return;
    const w = window.secondLook.words;
    const text = el("pre", { tabindex: 0 }, found.reply);
    const copies = el("button", { type: "button", class: "sl-primary", onclick: async () => {
      copies.textContent = await window.secondLook.copy(found.reply) ? w.copied : w.copy_failed;
    } }, w.copy);
    dialog(w.raw, text, copies);
  }

  document.addEventListener("click", (event) => {
    const more = event.target.closest?.("#scroll [data-more]");
    if (!more) return;
    const turn = Number(more.dataset.more);
    const w = window.secondLook.words;
    window.secondLook.menu(more, [[w.raw, { click: () => raw(turn) }], [w.in_title, { click: () => behind(turn) }]]);
  }, true);
})();
