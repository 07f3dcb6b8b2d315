// A reply's tables: sort by a column, copy, take away as a file.
(() => {
  const { el } = window.secondLook;
  const cells = (row) => [...row.cells].map((cell) => cell.innerText.trim());

  function number(text) {
    const plain = text.replace(/[^\d.,-]/g, "");
    if (!/\d/.test(plain)) return null;
    const cents = /[.,](\d{1,2})$/.exec(plain);
    const whole = (cents ? plain.slice(0, cents.index) : plain).replace(/[.,]/g, "");
    return Number(`${whole}.${cents?.[1] ?? 0}`);
  }

  function sortBy(table, column, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [row, row.cells[column]?.innerText.trim() ?? ""]);
    const numbers = rows.every(([, text]) => !text || number(text) !== null);
    rows.sort(([, one], [, other]) => numbers
      ? (number(one) ?? -Infinity) - (number(other) ?? -Infinity)
      : one.localeCompare(other));
    if (down) rows.reverse();
    body.append(...rows.map(([row]) => row));
  }

  async function take(table, format) {
    const body = JSON.stringify({ columns: cells(table.tHead.rows[0]), rows: [...table.tBodies[0].rows].map(cells) });
    const response = await fetch(`/table.${format}`, { method: "POST", body, headers: { "content-type": "application/json" } });
    if (!response.ok) return;
    const link = el("a", { href: URL.createObjectURL(await response.blob()), download: `table.${format}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function copy(table, button) {
    const text = [table.tHead.rows[0], ...table.tBodies[0].rows].map((row) => cells(row).join("\t")).join("\n");
    const { words } = window.secondLook;
    button.textContent = await window.secondLook.copy(text) ? words.copied : words.copy_failed;
    setTimeout(() => { button.textContent = words.copy; }, 1500);
  }

  function dress(table) {
    table.dataset.dressed = "true";
    if (!table.tHead?.rows.length || !table.tBodies[0]?.rows.length) return;
    const words = window.secondLook.words;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.tabIndex = 0;
      head.title = words.sort;
      head.addEventListener("click", () => sortBy(table, column, head));
      head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sortBy(table, column, head); } });
    });
    const copies = el("button", { type: "button", onclick: () => copy(table, copies) }, words.copy);
    table.after(el("div", { class: "sl-table-tools" }, copies,
      ...["csv", "xlsx"].map((format) => el("button", { type: "button", onclick: () => take(table, format) }, format.toUpperCase()))));
  }

  // Only replies that have ended: one under way is redrawn many times a second.
  // What stands under a table stays where Gradio takes the table away: it goes when that is seen.
  function dressAll() {
    document.querySelectorAll("#hist .sl-table-tools:not(table + *)").forEach((left) => left.remove());
    document.querySelectorAll("#hist .prose table:not([data-dressed])").forEach(dress);
  }
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(dressAll).observe(document.body, { childList: true, subtree: true });
  });
})();
