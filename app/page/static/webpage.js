// The page that was built from a screenshot: seen, compared, edited, taken away.
(() => {
  const { el, icon, panel, web } = window.secondLook;
  const CROP = /crop-\d{1,5}(?:-\d{1,5}){3,163}\.png/g;
  const SCRIPTS = /<script\b|\son[a-z]+\s*=|javascript:/i;

  async function fetched(url, options) {
    const answer = await fetch(url, options);
    if (!answer.ok && answer.status !== 409) throw new Error(String(answer.status));
    return answer.json();
  }

  // A row of buttons of which one is chosen.
  function choice(label, options, chosen, choose) {
    const row = el("div", { class: "sl-web-choice", role: "group", "aria-label": label });
    for (const [value, text] of options) {
      row.append(el("button", {
        type: "button", "aria-pressed": String(value === chosen), onclick: () => choose(value),
      }, text));
    }
    return row;
  }

  class Workbench {
    constructor(place, conversation, turn) {
      this.place = place;
      this.url = `/webpage/${encodeURIComponent(conversation)}/${turn}`;
      this.key = `second_look_page:${this.url}`;
      this.drafts = new Map(); // by version: what was written and is not saved
      this.view = "preview";
      this.way = "side";
      this.mix = 50;
      this.marked = true; // the places that differ most
      this.scripts = false;
      this.saving = false;
    }

    async load() {
      try { this.take(await fetched(this.url)); } catch { return; } // the reply has the code still
      this.takeUp(JSON.parse(sessionStorage.getItem(this.key) ?? "[]"));
      this.place.dataset.ready = "true";
      this.draw();
    }

    take(data) {
      this.data = data;
      this.words = data.words;
      this.at = data.shown;
      this.width ??= data.source?.width ?? 1280;
      if (this.version.changed) this.marked = false; // it is meant to differ
    }

    // It may have been saved in another tab. What is written in this one stays.
    async again() {
      const data = await fetched(this.url).catch(() => null);
      if (!data || this.edited || this.saving || JSON.stringify(data) === JSON.stringify(this.data)) return;
      this.take(data);
      this.draw();
    }

    // What was not saved is shown where it is said that it is not.
    takeUp(drafts) {
      for (const [at, draft] of drafts) {
        this.at = Math.min(at, this.data.versions.length - 1);
        this.draft = draft;
      }
      if (this.edited) this.view = "code"; else this.at = this.data.shown;
    }

    get version() { return this.data.versions[this.at]; }
    get draft() { return this.drafts.get(this.at) ?? this.version.html; }
    set draft(html) {
      if (html === this.version.html) this.drafts.delete(this.at); else this.drafts.set(this.at, html);
      this.keep();
    }
    get edited() { return this.drafts.has(this.at); }
    get mayBeSaved() { return !this.saving && (this.edited || this.at !== this.data.shown); }
    get high() { return Math.max(this.version.height, this.data.source?.height ?? 0, 200); }
    // Names of pictures stand for themselves; where they are shown, the pictures do.
    whole(html) { return html.replace(CROP, (name) => this.data.crops[name] ?? name); }
    frame() { return web.frame(this.whole(this.draft), this.words.page, this.scripts); }

    // For another conversation, a refresh, the way back.
    keep() {
      try {
        if (this.drafts.size) sessionStorage.setItem(this.key, JSON.stringify([...this.drafts]));
        else sessionStorage.removeItem(this.key);
      } catch { window.secondLook.toast(this.words.too_long); }
    }

    draw() {
      this.refocused(() => {
        this.root = el("section", { class: "sl-web" }, this.bar(), ...this.tools(), this.stage(), this.foot());
        (this.dialog ?? this.place).replaceChildren(this.root);
      });
    }

    // All but the code, which may be being written.
    drawAround() {
      this.refocused(() => {
        const stage = this.root.querySelector(".sl-web-stage");
        [...this.root.children].forEach((part) => { if (part !== stage) part.remove(); });
        stage.before(this.bar(), ...this.tools());
        stage.after(this.foot());
      });
    }

    refocused(draw) {
      const focused = document.activeElement?.closest?.("[data-key]");
      draw();
      if (focused && !focused.isConnected) this.root.querySelector(`[data-key="${focused.dataset.key}"]`)?.focus();
    }

    show(change) { Object.assign(this, change); this.draw(); }

    // The views, the versions, and larger or smaller.
    bar() {
      const { words } = this;
      const views = [["preview", words.preview], ["code", words.code]];
      if (this.data.versions.length > 1) views.push(["changes", words.changes]);
      if (this.data.source) views.splice(1, 0, ["compare", words.compare]);
      const versions = el("select", { "aria-label": words.version, onchange: (event) => this.choose(Number(event.target.value)) });
      this.data.versions.forEach((version, index) => {
        const used = index === this.data.shown ? ` · ${words.shown}` : "";
        const option = el("option", { value: index }, `${index + 1} · ${version.label}${used}`);
        option.selected = index === this.at;
        versions.append(option);
      });
      return el("div", { class: "sl-web-bar" },
        this.keyed("views", choice(words.views, views, this.view, (view) => this.show({ view }))),
        this.data.versions.length > 1 ? el("label", { class: "sl-web-versions" }, versions) : "",
        el("button", { type: "button", class: "sl-web-quiet", "data-key": "enlarge", "aria-label": this.dialog ? words.shrink : words.enlarge,
          onclick: () => this.enlarge() },
          icon(this.dialog ? "close" : "expand"), el("span", {}, this.dialog ? words.shrink : words.enlarge)));
    }

    keyed(key, row) {
      [...row.children].forEach((button, index) => { button.dataset.key = `${key}${index}`; });
      return row;
    }

    choose(at) {
      this.at = at;
      this.draw();
    }

    // What the view in front can be told.
    tools() {
      const { words } = this;
      const row = el("div", { class: "sl-web-tools" });
      if (this.view === "preview") {
        const widths = this.data.widths.map(({ width, label }) => [width, label]);
        row.append(this.keyed("widths", choice(words.widths, widths, this.width, (width) => this.show({ width }))));
        if (SCRIPTS.test(this.draft)) row.append(this.toggle("scripts", words.scripts));
      } else if (this.view === "compare") {
        const ways = [["side", words.side], ["overlay", words.overlay], ["swipe", words.swipe]];
        row.append(this.keyed("ways", choice(words.ways, ways, this.way, (way) => this.show({ way }))));
        if (this.version.regions.length) row.append(this.toggle("marked", words.marks));
      } else if (this.view === "code") {
        this.saves = el("button", { type: "button", class: "sl-web-main", "data-key": "save", onclick: () => this.save() });
        this.reverts = el("button", { type: "button", "data-key": "revert", onclick: () => this.show({ draft: this.version.html }) }, words.revert);
        this.state = el("span", { class: "sl-web-said", role: "status" });
        this.tell();
        row.append(this.saves, this.reverts, this.state);
      } else return [];
      const warning = this.scripts && this.view === "preview" && SCRIPTS.test(this.draft)
        ? [el("p", { class: "sl-web-warning", role: "alert" }, words.scripts_warn)] : [];
      return [row, ...warning];
    }

    // Whether the code in front is saved, and can be.
    tell() {
      const { words } = this;
      this.saves.disabled = !this.mayBeSaved;
      this.saves.textContent = this.edited || this.at === this.data.shown ? words.save : words.use;
      this.reverts.hidden = !this.edited;
      this.state.textContent = this.saving ? words.saving : this.edited ? words.edited : "";
    }

    toggle(name, label) {
      const box = el("input", { type: "checkbox", "data-key": name, onchange: () => this.show({ [name]: box.checked }) });
      box.checked = this[name];
      return el("label", { class: "sl-web-toggle" }, box, label);
    }

    stage() {
      const views = { preview: () => this.preview(), compare: () => this.compare(), code: () => this.code(), changes: () => this.changes() };
      return views[this.view]();
    }

    preview() {
      // How tall it is, is known at the width at which it was compared.
      const fits = this.width === this.data.source?.width && this.version.height && !this.edited;
      return el("div", { class: `sl-web-stage sl-web-screen ${fits ? "sl-web-fits" : ""}`,
        style: fits ? `--page: ${this.width} / ${this.version.height}` : null }, web.scaled(this.frame(), this.width));
    }

    compare() {
      const { source } = this.data;
      const regions = this.marked && !this.edited ? this.version.regions : [];
      const drawn = el("div", { class: "sl-web-layer" }, this.frame(), ...web.marks(regions, source.width, this.high, true));
      const shot = el("div", { class: "sl-web-layer" },
        el("img", { src: source.src, alt: this.words.screenshot, width: source.width, height: source.height }),
        ...web.marks(regions, source.width, this.high, false));
      if (this.way === "side") {
        const half = (label, layer) => el("figure", {}, el("figcaption", {}, label), web.scaled(layer, source.width, this.high));
        return el("div", { class: "sl-web-stage sl-web-side", tabindex: "0" }, half(this.words.screenshot, shot), half(this.words.page, drawn));
      }
      drawn.classList.add("sl-web-over");
      const both = el("div", { class: "sl-web-both" }, shot, drawn);
      const mix = () => {
        if (this.way === "overlay") drawn.style.opacity = this.mix / 100;
        else drawn.style.clipPath = `inset(0 0 0 ${this.mix}%)`;
        edge.style.left = `${this.mix}%`;
      };
      const edge = el("i", { class: "sl-web-edge" });
      if (this.way === "swipe") both.append(edge);
      const slider = el("input", {
        type: "range", min: 0, max: 100, value: this.mix, class: "sl-web-mix", "aria-label": this.words.mix,
        "data-key": "mix", oninput: () => { this.mix = Number(slider.value); mix(); },
      });
      mix();
      return el("div", { class: "sl-web-pair" },
        el("div", { class: "sl-web-slider" }, el("span", {}, this.words.screenshot), slider, el("span", {}, this.words.page)),
        el("div", { class: "sl-web-stage", tabindex: "0" }, web.scaled(both, source.width, this.high)));
    }

    code() {
      const area = el("textarea", {
        class: "sl-web-code", spellcheck: "false", wrap: "off", autocapitalize: "off", "aria-label": this.words.editor,
        "data-key": "code",
      });
      area.value = this.draft;
      this.area = area;
      const shown = el("div", { class: "sl-web-live" });
      const again = () => shown.replaceChildren(web.scaled(this.frame(), this.data.source?.width ?? 1280));
      let timer;
      area.addEventListener("input", () => {
        this.draft = area.value;
        this.tell();
        clearTimeout(timer);
        timer = setTimeout(again, 300);
      });
      again();
      return el("div", { class: "sl-web-stage sl-web-edit" }, area, shown);
    }

    changes() {
      const { about, lines } = this.data.changes[this.at];
      const code = el("pre", { tabindex: "0" });
      for (const line of lines) {
        const kind = line.startsWith("@@") ? "at" : { "+": "in", "-": "out" }[line[0]] ?? "same";
        code.append(el("span", { class: `sl-web-line-${kind}` }, kind === "at" ? "⋯" : line || " "));
      }
      const none = !lines.length && this.at > 0 ? el("p", {}, this.words.same) : "";
      return el("div", { class: "sl-web-stage sl-web-diff" }, el("p", {}, about), none, lines.length ? code : "");
    }

    // What is known of the version in front, and how to take it away.
    foot() {
      const { words, version } = this;
      const take = (format, label, about) => el("a", {
        href: `${this.url}/page.${format}?version=${this.at}`, download: "", title: about, "aria-label": about,
      }, label);
      this.said = el("span", { class: "sl-web-said", role: "status" });
      return el("div", { class: "sl-web-foot" },
        ...(version.scores ? this.scores() : [el("p", { class: "sl-web-note" }, words.unchecked)]),
        this.data.source ? "" : el("p", { class: "sl-web-note" }, words.no_picture),
        el("div", { class: "sl-web-take" },
          this.said,
          el("button", { type: "button", "data-key": "copy", onclick: () => this.copy() }, words.copy),
          take("html", words.download, words.download_about), take("zip", words.zip, words.zip_about)));
    }

    scores() {
      const { words, version } = this;
      const bar = ({ name, percent, low }) => el("li", { "data-low": low ? "true" : null, title: low ? words.low : null },
        el("span", {}, name), el("meter", { min: 0, max: 100, value: percent, "aria-label": name }), el("b", {}, `${percent} %`));
      const places = version.regions.map((region, index) => el("li", {},
        el("i", {}, String(index + 1)), el("span", {}, region.label)));
      const details = el("details", { class: "sl-web-scores" },
        el("summary", {}, ...version.scores.totals.map(({ name, percent, low }) =>
          el("span", { "data-low": low ? "true" : null }, el("b", {}, `${percent} %`), ` ${name}`))),
        el("div", { class: "sl-web-details" },
          el("div", {}, el("h4", {}, words.scores), el("ul", { class: "sl-web-bars" }, ...version.scores.parts.map(bar))),
          el("div", {}, el("h4", {}, words.worst), places.length ? el("ol", { class: "sl-web-places" }, ...places) : el("p", {}, words.alike))));
      details.open = this.open ?? false;
      details.addEventListener("toggle", () => { this.open = details.open; });
      return [details];
    }

    async copy() {
      const copied = await window.secondLook.copy(this.whole(this.draft));
      this.said.textContent = copied ? this.words.copied : this.words.copy_failed;
    }

    // To draw the page takes seconds, in which its user writes on, or looks at another version.
    async save() {
      const { draft, at } = this;
      const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ html: draft }) };
      this.saving = true;
      this.tell();
      let told = this.words.saved;
      try {
        const data = await fetched(this.url, options);
        if (data.problem) told = data.problem.join(" "); else this.saved(data, draft, at);
      } catch { told = this.words.failed; }
      this.saving = false;
      if (this.view === "code" && this.area.value === this.draft) this.drawAround(); else this.draw();
      if (this.view === "code") this.state.textContent = told; else window.secondLook.toast(told);
    }

    saved(data, draft, from) {
      const now = { at: this.at, draft: this.draft };
      if (this.drafts.get(from) === draft) this.drafts.delete(from);
      this.take(data);
      if (now.at !== from) this.at = now.at;
      else if (now.draft !== draft) {
        this.drafts.delete(from);
        this.draft = now.draft; // of the version that was saved
      }
      this.keep();
    }

    enlarge() {
      if (this.dialog) { this.dialog.close(); return; }
      this.dialog = el("dialog", { class: "sl-web-dialog" });
      this.dialog.addEventListener("close", () => {
        this.dialog.remove();
        this.dialog = null;
        this.draw();
        this.root.querySelector('[data-key="enlarge"]').focus();
      });
      (document.getElementById("shell") ?? document.body).append(this.dialog);
      this.place.replaceChildren();
      this.draw();
      this.dialog.showModal();
    }
  }

  panel("html", async (place, conversation, turn) => {
    const bench = new Workbench(place, conversation, turn);
    await bench.load();
    return () => bench.again();
  });
})();
