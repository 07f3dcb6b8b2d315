// Writing a field in its place: Enter saves, Esc leaves, going elsewhere saves what was changed.
(() => {
  const { el } = window.secondLook;
  const INPUTS = { date: { type: "date" }, time: { type: "time", step: "1" } };
  const AMOUNT = { type: "text", inputmode: "decimal", maxlength: "40" };
  const TEXT = { type: "text", maxlength: "500" };

  // hold: the element that the input stands for. keep(text) saves, and returns what is wrong with
  // it, or "" when all is well; then kept(again) is called, or left(again) when nothing was changed.
  // ``again``: the field had the keyboard at the end, and should have it again. Where drawing all
  // anew has to wait, what was written stands there until then.
  function receiptWrite(hold, { label, kind, value }, { title, keep, kept, left }) {
    const input = el("input", { class: "slip-input", "aria-label": label, title, autocomplete: "off", spellcheck: "false",
      ...(INPUTS[kind] ?? (["amount", "tax"].includes(kind) ? AMOUNT : TEXT)) });
    const problem = el("span", { class: "slip-problem", role: "alert" });
    let busy = false;

    function leave(again) {
      busy = true; // its own blur is no news
      problem.remove();
      input.replaceWith(hold);
      left(again);
      setTimeout(() => document.dispatchEvent(new Event("sl-free"))); // a phone's keyboard leaves without a key
    }

    async function done(again) {
      if (busy) return;
      const written = input.value.trim();
      if (written === value) { leave(again); return; }
      busy = input.readOnly = true;
      input.setAttribute("aria-busy", "true");
      problem.textContent = await keep(written);
      if (!problem.textContent) {
        problem.remove();
        (hold.lastElementChild ?? hold).textContent = written || "–";
        hold.classList.remove("slip-lit");
        if (hold.ariaPressed) hold.ariaPressed = "false";
        input.replaceWith(hold);
        kept(again);
        return;
      }
      busy = input.readOnly = false;
      input.removeAttribute("aria-busy");
      if (again) input.focus();
    }

    input.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // Esc would stop a reply
      if (event.key === "Enter") done(true); else leave(true);
    });
    input.addEventListener("blur", () => done(false));
    input.value = value;
    hold.replaceWith(input);
    input.after(problem);
    input.focus();
    if (input.type === "text") input.select();
  }

  window.secondLook.receiptWrite = receiptWrite;
})();
