// secondLook.copy(text): puts it on the clipboard; resolves to whether the browser allowed it.
(() => {
  // Over plain http from another machine a page has no ``navigator.clipboard``.
  function olderWay(text) {
    const before = document.activeElement;
    const area = window.secondLook.el("textarea", { style: "position: fixed; opacity: 0" });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area); // behind a dialog nothing can be selected
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    before?.focus({ preventScroll: true });
    return copied;
  }

  window.secondLook.copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return olderWay(text);
    }
  };
})();
