// Who is signed in, and the way out. Loaded only where there are users.
(() => {
  // A session that ended elsewhere, or grew too old: what is asked next says so.
  const ask = window.fetch;
  window.fetch = async (...args) => {
    const answer = await ask(...args);
    if (answer.status === 401 && new URL(answer.url).origin === location.origin) location.assign("/sign-in");
    return answer;
  };

  async function leave() {
    // Drafts are kept by the tab: the next user may be another. At the very end, as what is drawn
    // until then keeps them again.
    addEventListener("pagehide", () => sessionStorage.clear());
    await ask("/sign-out", { method: "POST", redirect: "manual" });
    location.replace("/sign-in");
  }

  // The last line of the sidebar, below the gauge.
  async function show(sidebar) {
    const { user, sign_out: signOut } = await (await fetch("/account")).json();
    const { el } = window.secondLook;
    sidebar.append(el("div", { class: "sl-account" }, el("span", { title: user }, user),
      el("button", { type: "button", onclick: leave }, signOut)));
  }
  const waiting = new MutationObserver(() => {
    const sidebar = document.querySelector("#sidebar");
    if (!sidebar) return;
    waiting.disconnect();
    show(sidebar);
  });
  waiting.observe(document.documentElement, { childList: true, subtree: true });
})();
