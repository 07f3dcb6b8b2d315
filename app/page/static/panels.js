// Draws what jobs found. A panel is registered by job; wherever the page shows its place
// (<div class="sl-panel" data-job data-conversation data-turn>), it is drawn there, once.
(() => {
  const draws = {};

  function fill(place) {
    const draw = draws[place.dataset.job];
    if (!draw || place.dataset.drawn) return;
    place.dataset.drawn = "true";
    draw(place, place.dataset.conversation, Number(place.dataset.turn));
  }

  const fillAll = () => document.querySelectorAll(".sl-panel:not([data-drawn])").forEach(fill);

  // draw(place, conversation, turn) fills the place; what it shows it fetches itself.
  window.secondLook.panel = (job, draw) => { draws[job] = draw; fillAll(); };

  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(fillAll).observe(document.body, { childList: true, subtree: true });
  });
})();
