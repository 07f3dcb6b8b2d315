// Keeps a tab in step: with the other tabs of its conversation, and with a program that is away,
// or was started again.
(() => {
  const EVERY_MS = 2500;
  const AGAIN = "second_look_started_again";
  let words = { lost: "", again: "" };
  let known = { open: "", run: "", stamp: "", corrections: "" };
  let missed = 0;
  let gone = 0; // how many beats in a row said that the conversation is gone

  function lost(yes) {
    const shown = document.querySelector(".sl-lost");
    if (!yes) shown?.remove();
    else if (!shown) document.body.append(window.secondLook.el("div", { class: "sl-lost", role: "alert" }, words.lost));
  }

  const replying = () => Boolean(document.querySelector("#composer .stop-button:not([hidden])"));

  // The panels that are drawn look again: another tab corrected something.
  function corrected(now) {
    if (now === known.corrections) return;
    known.corrections = now;
    window.secondLook.panelsAgain(known.open);
  }

  async function look() {
    if (document.hidden) return;
    const { open } = known;
    const response = await fetch(`/pulse?c=${open}`).catch(() => null);
    missed = response?.ok ? 0 : missed + 1;
    lost(missed > 1);
    if (missed || !known.run) return;
    const { run, stamp, corrections } = await response.json();
    if (run !== known.run) {
      sessionStorage.setItem(AGAIN, "true");
      location.reload();
      return;
    }
    if (!open || open !== known.open) return;
    corrected(corrections);
    // Of one that this tab deletes, the answer to that is on its way.
    gone = stamp ? 0 : gone + 1;
    if (gone === 1) return;
    if (stamp !== known.stamp && !replying()
        && !document.querySelector("dialog[open], .sl-rename, .sl-panel :is(input, textarea):focus")) {
      known.stamp = stamp; // asked for once
      window.secondLook.refresh({ gone: gone > 0 });
    }
  }

  // The header says what is shown, each time it is drawn.
  window.secondLook.pulse = (shown, said) => {
    if (shown.open === known.open) corrected(shown.corrections);
    known = shown;
    words = said;
    if (sessionStorage.getItem(AGAIN)) {
      sessionStorage.removeItem(AGAIN);
      window.secondLook.toast(words.again);
    }
  };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
})();
