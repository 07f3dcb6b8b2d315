// A receipt's items as a table that can be sorted, with rows to take out and to add.
(() => {
  const { el, icon } = window.secondLook;

  // does: what the panel does: {value, note, shownAs, save, light, redraw, addTo}
  function receiptItems(panel, does) {
    const { redraw, addTo } = does;
    const { items: found } = panel.receipt;
    const { words } = panel.data;
    if (!found) return [];
    const add = el("button", { type: "button", class: "slip-add", "data-adds": "item", onclick: () => addTo(panel, add, { path: found.add, label: found.columns[0].label, kind: "text" }) },
      icon("plus"), words.add_item);
    if (!found.rows.length) return [add];
    const heads = found.columns.map(({ name, label }) => el("th", { scope: "col", class: name === "name" ? null : "slip-number",
      "aria-sort": panel.sort?.name === name ? (panel.sort.down ? "descending" : "ascending") : null },
      el("button", { type: "button", "data-column": name, title: words.sort, onclick: () => sortBy(panel, name, redraw) }, label)));
    // Dressed: it is sorted and taken away by the panel's own buttons, not those of tables.js.
    return [el("table", { class: "slip-items", "data-dressed": "" }, el("caption", { class: "slip-aloud" }, words.items),
      el("thead", {}, el("tr", {}, ...heads, el("td", {}))),
      el("tbody", {}, ...sorted(panel, found.rows).map((row) => itemRow(panel, row, found.columns, does)))), add];
  }

  function itemRow(panel, row, columns, { value, note, shownAs, save, light }) {
    const { words } = panel.data;
    const name = row.cells.name.value;
    const paths = Object.values(row.cells).map((field) => field.path);
    const act = row.removed || row.added
      ? el("button", { type: "button", class: "slip-tool", title: words.back, "aria-label": `${words.back}: ${name}`,
        onclick: () => save(panel, { [row.path]: null }) }, icon("undo"))
      : el("button", { type: "button", class: "slip-tool slip-remove", title: words.remove, "aria-label": `${words.remove}: ${name}`,
        onclick: () => save(panel, { [row.path]: "" }) }, icon("close"));
    // Where most of a row is unsure, one mark says so.
    const isUnsure = columns.filter((column) => row.cells[column.name].doubtful).length > columns.length / 2;
    const cells = columns.map((column) => {
      const field = row.cells[column.name];
      const mark = isUnsure ? column.name === "name" : field.doubtful;
      const is = column.name === "name" ? null : "slip-number";
      return row.removed ? el("td", { class: is }, el("s", {}, shownAs(field))) : el("td", { class: is }, value(panel, field, mark), ...note(field));
    });
    const shown = el("tr", { class: row.removed ? "slip-removed" : null, "data-row": row.path }, ...cells, el("td", { class: "slip-act" }, act));
    shown.addEventListener("pointerenter", () => { if (!row.removed) light(panel, paths); });
    shown.addEventListener("pointerleave", () => light(panel, []));
    return shown;
  }

  function sortBy(panel, name, redraw) {
    const { sort } = panel;
    panel.sort = sort?.name !== name ? { name, down: false } : sort.down ? null : { name, down: true };
    redraw(panel);
    panel.shown.querySelectorAll(".slip-items th button")[panel.receipt.items.columns.findIndex((each) => each.name === name)].focus();
  }

  function sorted(panel, rows) {
    if (!panel.sort) return rows;
    const { name, down } = panel.sort;
    const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const numbers = name !== "name" && name !== "tax_mark";
    const compare = (one, other) => numbers ? Number(one) - Number(other) : order.compare(one, other);
    return [...rows].sort((one, other) => compare(one.cells[name].value, other.cells[name].value) * (down ? -1 : 1));
  }

  window.secondLook.receiptItems = receiptItems;
})();
