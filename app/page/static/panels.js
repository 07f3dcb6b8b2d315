// Draws what jobs found. A panel is registered by job; wherever the page shows its place
// (<div class="sl-panel" data-job data-conversation data-turn>), it is drawn there, once.
(() => {
  const draws = {};
  const drawn = new Map(); // by place: what looks again at what it shows

  async function fill(place) {
    const draw = draws[place.dataset.job];
    if (!draw || place.dataset.drawn) return;
    place.dataset.drawn = "true";
    for (const old of drawn.keys()) if (!old.isConnected) drawn.delete(old);
    drawn.set(place, await draw(place, place.dataset.conversation, Number(place.dataset.turn)));
    // Whoever waited for the reply sees the top of it, not the end of something long.
    const { atEnd, toTop } = window.secondLook;
    const asked = [...document.querySelectorAll("#hist .user-row")].at(-1);
    const isLast = asked && place.compareDocumentPosition(asked) & Node.DOCUMENT_POSITION_PRECEDING;
    if (isLast && atEnd()) toTop(place);
  }

  const fillAll = () => document.querySelectorAll(".sl-panel:not([data-drawn])").forEach(fill);

  // What was corrected is right wherever else it is shown.
  function again(conversation, from) {
    for (const [place, look] of drawn) {
      if (place !== from && place.isConnected && place.dataset.conversation === conversation) look?.();
    }
  }

  window.secondLook.panelsAgain = again;
  document.addEventListener("sl-kept", ({ target }) => again(target.dataset.conversation, target));

  // draw(place, conversation, turn) fills the place, and is awaited; what it shows it fetches itself.
  // It may return a function that looks again, and is called when something was corrected elsewhere.
  window.secondLook.panel = (job, draw) => { draws[job] = draw; fillAll(); };

  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(fillAll).observe(document.body, { childList: true, subtree: true });
  });
})();
