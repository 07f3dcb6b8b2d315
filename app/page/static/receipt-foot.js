// What one does with a receipt that was looked at: confirm it, copy it, download it, read it as text.
(() => {
  const { el, icon, menu } = window.secondLook;

  // save(changes) keeps what the user says of the receipt.
  function receiptFoot(panel, save) {
    const { receipt, url } = panel;
    const { words } = panel.data;
    // Beside a list, as of a folder, there is no reply to show.
    const text = panel.place.closest(".message-row") && el("button", { type: "button", class: "slip-button", "data-does": "text", "aria-pressed": String(!("folded" in panel.place.dataset)),
      onclick: () => {
        const folded = "folded" in panel.place.dataset;
        if (folded) delete panel.place.dataset.folded; else panel.place.dataset.folded = "";
        text.setAttribute("aria-pressed", String(folded));
      } }, words.as_text);
    if (receipt.number === "custom") return el("div", { class: "slip-foot" }, text ?? "");
    const file = (ending) => `${url}/${receipt.number}.${ending}`;
    const copy = (label, ending) => [label, { click: () => copyFrom(panel, file(ending)) }];
    const confirm = el("button", { type: "button", class: "slip-button slip-confirm", "aria-pressed": String(receipt.confirmed),
      title: receipt.confirmed ? words.confirmed : words.confirm_about,
      onclick: () => save({ [`${receipt.path}.confirmed`]: receipt.confirmed ? null : true }) }, icon("check"), receipt.confirmed ? words.state_confirmed : words.confirm);
    const copies = el("button", { type: "button", class: "slip-button", "data-does": "copy", "aria-haspopup": "menu", onclick: () => menu(copies,
      [copy("Markdown", "md"), copy("CSV", "csv"), copy(words.csv_items, "items"), copy("JSON", "json")]) }, words.copy, icon("down"));
    const files = el("button", { type: "button", class: "slip-button", "data-does": "files", "aria-haspopup": "menu", onclick: () => menu(files,
      [["Excel", { href: file("xlsx") }], ["CSV", { href: file("csv") }], [words.csv_items, { href: file("items") }],
        ["Markdown", { href: file("md") }], ["JSON", { href: file("json") }]]) }, words.download, icon("down"));
    return el("div", { class: "slip-foot" }, confirm, copies, files, text ?? "");
  }

  async function copyFrom(panel, address) {
    const { words } = panel.data;
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(response.statusText);
      panel.say(await window.secondLook.copy(await response.text()) ? words.copied : words.copy_failed);
    } catch {
      panel.say(words.copy_failed);
    }
  }

  window.secondLook.receiptFoot = receiptFoot;
})();
