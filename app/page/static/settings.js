// The settings of a conversation, in a drawer. Those of a conversation that has not begun are kept
// by this tab, and sent with its first prompt.
(() => {
  const { el, icon } = window.secondLook;
  const KEPT = "second_look_settings";
  // How each is chosen: least, most, step.
  const RANGES = {
    temperature: [0, 2, 0.05], top_p: [0.05, 1, 0.05], repetition_penalty: [1, 2, 0.01],
    seed: [0, 999999, 1], max_new_tokens: [1, 8192, 1], max_pixels: [0, 4014080, 1],
  };

  const forNew = () => JSON.parse(sessionStorage.getItem(KEPT) ?? '{"system_prompt": "", "sampling": {}}');

  async function read(conversation) {
    const answer = await (await fetch(`/settings?c=${conversation}`)).json();
    return conversation ? answer : { ...answer, ...forNew() };
  }

  let sent = Promise.resolve();

  function keep(conversation, { system_prompt, sampling }) {
    const body = JSON.stringify({ system_prompt, sampling });
    if (!conversation) sessionStorage.setItem(KEPT, body);
    // One after another: each is of them all, so that the newest must be the last to come.
    else sent = sent.catch(() => {}).then(() => put(conversation, body));
    mark(differ({ system_prompt, sampling }));
  }

  async function put(conversation, body) {
    const answer = await (await fetch(`/settings/${conversation}`, {
      method: "PUT", body, headers: { "content-type": "application/json" } })).json();
    if (answer.error) window.secondLook.toast(answer.error.text);
  }

  const differ = ({ system_prompt, sampling }) => Boolean(system_prompt.trim() || Object.keys(sampling).length);
  const mark = (yes) => document.querySelector(".sl-settings")?.classList.toggle("sl-differs", yes);

  function row(name, words, settings, changed) {
    const [min, max, step] = RANGES[name];
    const fallback = settings.defaults[name];
    const value = () => settings.sampling[name] ?? fallback;
    const slides = name !== "seed";
    const range = el("input", { type: slides ? "range" : "hidden", min, max, step, "aria-hidden": "true", tabindex: -1 });
    const number = el("input", { type: "number", min, max, step, id: `sl-setting-${name}` });
    const reset = el("button", { type: "button", class: "sl-reset", title: words.reset, "aria-label": `${words.reset}: ${words[name]}` }, icon("undo"));
    const show = () => {
      range.value = value(); number.value = value();
      reset.hidden = settings.sampling[name] === undefined;
    };
    const take = (text) => {
      const asked = Math.min(max, Math.max(min, Number(text)));
      if (text === "" || Number.isNaN(asked)) return show();
      const whole = step === 1 ? Math.round(asked) : asked;
      if (whole === fallback) delete settings.sampling[name]; else settings.sampling[name] = whole;
      show();
      changed();
    };
    range.addEventListener("input", () => { number.value = range.value; });
    range.addEventListener("change", () => take(range.value));
    number.addEventListener("change", () => take(number.value));
    reset.addEventListener("click", () => take(String(fallback)));
    show();
    return el("div", { class: "sl-setting", inert: words.reader ? "" : null },
      el("label", { for: number.id }, words[name], el("small", {}, words[`${name}_about`])),
      range, number, reset);
  }

  async function open(words) {
    const conversation = window.secondLook.openId ?? "";
    const settings = await read(conversation);
    if (settings.error) return window.secondLook.toast(settings.error.text);
    const changed = () => keep(conversation, settings);
    const system = el("textarea", { rows: 4, id: "sl-setting-system", placeholder: words.system_prompt_about });
    system.value = settings.system_prompt;
    system.addEventListener("change", () => { settings.system_prompt = system.value; changed(); });
    const drawer = el("dialog", { class: "sl-drawer", "aria-label": words.title },
      el("header", {}, el("h2", {}, words.title),
        el("button", { type: "button", "aria-label": words.close, title: words.close, onclick: () => drawer.close() }, icon("close"))),
      el("p", {}, conversation ? words.about : words.about_new),
      ...(words.reader ? [el("p", { class: "sl-notice" }, words.reader)] : []),
      el("div", { class: "sl-setting sl-setting-system" }, el("label", { for: system.id }, words.system_prompt), system),
      ...Object.keys(RANGES).map((name) => row(name, words, settings, changed)));
    drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
    drawer.addEventListener("close", () => drawer.remove());
    document.body.append(drawer);
    drawer.showModal();
  }

  const begun = () => { const chosen = forNew(); sessionStorage.removeItem(KEPT); return chosen; };
  window.secondLook.settings = { open, forNew, begun, mark, differ };
})();
