"""What is asked of a drawn page, in the browser's own language.

``MEASURE`` gives where each element stands, in document order, and every text with the lines it
takes. A text is all that stands in one block: the pieces that bold words and links cut it into
belong together. ``HIDE_TEXT`` takes the letters away and leaves all else.
"""

MEASURE = r"""() => {
  const elements = [...document.querySelectorAll("body, body *")];
  const place = new Map(elements.map((element, index) => [element, index]));
  const ROLES = [
    ["heading", "h1, h2, h3, h4, h5, h6"], ["action", "a, button, summary, [role=button]"],
    ["input", "input, textarea, select"], ["label", "label, legend"], ["table", "td, th, caption"],
    ["code", "pre, code"], ["list", "li, dt, dd"], ["paragraph", "p, blockquote, figcaption"],
  ];
  const role = (element) => ROLES.find(([, tags]) => element.closest(tags))?.[0] ?? "";
  const isAbsolute = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      if (["absolute", "fixed"].includes(getComputedStyle(at).position)) return true;
    }
    return false;
  };
  const block = (element) => {
    while (element !== document.body
      && ["inline", "contents"].includes(getComputedStyle(element).display)) {
      element = element.parentElement;
    }
    return element;
  };
  const boxOf = (rect) => [rect.left + scrollX, rect.top + scrollY, rect.right + scrollX, rect.bottom + scrollY];
  const isSeen = (element) => getComputedStyle(element).visibility === "visible";

  const texts = new Map();
  const take = (element, node, text, boxes) => {
    const key = block(element);
    const pre = getComputedStyle(element).textTransform;
    const shown = pre === "uppercase" ? text.toUpperCase() : pre === "lowercase" ? text.toLowerCase() : text;
    if (!texts.has(key)) {
      texts.set(key, { node: place.get(key) ?? 0, text: "", role: role(element), absolute: isAbsolute(element), lines: [] });
    }
    const held = texts.get(key);
    held.text = `${held.text} ${shown}`.trim();
    for (const box of boxes) {
      const last = held.lines.at(-1);
      const shared = last ? Math.min(last[3], box[3]) - Math.max(last[1], box[1]) : 0;
      if (last && shared > (box[3] - box[1]) / 2) {
        last[0] = Math.min(last[0], box[0]); last[1] = Math.min(last[1], box[1]);
        last[2] = Math.max(last[2], box[2]); last[3] = Math.max(last[3], box[3]);
      } else held.lines.push(box);
    }
  };

  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node.nodeValue.replace(/\s+/g, " ").trim();
    const element = node.parentElement;
    if (!text || element.closest("script, style, noscript, template, select, textarea, title")) continue;
    if (!isSeen(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((r) => r.width >= 1 && r.height >= 1).map(boxOf);
    if (boxes.length) take(element, node, text, boxes);
  }
  const UNSAID = ["hidden", "checkbox", "radio", "range", "color", "file", "image"];
  for (const field of document.querySelectorAll("input, textarea, select")) {
    const said = field.tagName === "SELECT" ? field.selectedOptions[0]?.text : field.value || field.placeholder;
    const text = (said ?? "").replace(/\s+/g, " ").trim();
    const rect = field.getBoundingClientRect();
    if (!text || UNSAID.includes(field.type) || !isSeen(field) || rect.width < 2) continue;
    const kind = ["submit", "button", "reset"].includes(field.type) ? "action" : "input";
    texts.set(field, { node: place.get(field), text, role: kind, absolute: isAbsolute(field), lines: [boxOf(rect)] });
  }
  const root = document.documentElement;
  return {
    width: root.scrollWidth, height: root.scrollHeight, texts: [...texts.values()],
    boxes: elements.map((element) => boxOf(element.getBoundingClientRect())),
  };
}"""

WIDTH = "() => Math.max(document.documentElement.scrollWidth, document.body?.scrollWidth ?? 0)"

# Not Playwright's add_style_tag: it waits for an event, which never comes where scripts are off.
HIDE_TEXT = """() => {
  const style = document.createElement("style");
  style.textContent = `*, *::before, *::after, ::placeholder, ::marker {
    color: transparent !important; -webkit-text-fill-color: transparent !important;
    text-shadow: none !important; text-decoration-color: transparent !important;
    caret-color: transparent !important; }`;
  document.head.append(style);
}"""
