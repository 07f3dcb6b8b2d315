// Shows HTML that a model or anybody wrote, where it can do nothing: no scripts, no network, no way
// to this page. The frame has no origin, its policy comes before all that it says, and the header
// of this page (frame-src 'none') keeps it from going anywhere else.
(() => {
  const { el } = window.secondLook;
  const POLICY = [
    "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "font-src data:",
    "form-action 'none'", "base-uri 'none'",
  ];

  // Policy or not, Chromium 156 opens a connection for a frame that it then refuses to load; and what
  // a browser may do with a link is decided anew in each version.
  const OUTWARD = "iframe, frame, frameset, object, embed, portal, fencedframe, template, link, base, meta[http-equiv]";

  function inward(html) {
    const page = new DOMParser().parseFromString(html, "text/html"); // which fetches and runs nothing
    page.querySelectorAll(OUTWARD).forEach((element) => element.remove());
    return page.documentElement.outerHTML;
  }

  // The doctype comes first: behind the policy it would count for nothing, and the page would be
  // drawn as pages were in 1998.
  function confined(html, scripts) {
    const policy = scripts ? [...POLICY, "script-src 'unsafe-inline'"] : POLICY;
    return "<!DOCTYPE html>"
      + `<meta http-equiv="Content-Security-Policy" content="${policy.join("; ")}">`
      + '<meta http-equiv="x-dns-prefetch-control" content="off">'
      + '<base target="_blank">' // which it may not open: a link does nothing, and the page stays
      + inward(html);
  }

  function frame(html, title, scripts = false) {
    return el("iframe", {
      class: "sl-web-frame", title, sandbox: scripts ? "allow-scripts" : "", allow: "",
      referrerpolicy: "no-referrer", srcdoc: confined(html, scripts),
    });
  }

  // A box of the page, `wide` pixels of it, drawn as wide as there is room.
  function scaled(child, wide, high) {
    child.style.width = `${wide}px`;
    const box = el("div", { class: "sl-web-scaled" }, child);
    const fit = () => {
      const room = box.parentElement?.clientWidth ?? 0;
      if (!room) return;
      const scale = Math.min(1, room / wide);
      const height = high ?? Math.round(box.parentElement.clientHeight / scale);
      child.style.height = `${height}px`;
      child.style.transform = `scale(${scale})`;
      box.style.width = `${Math.floor(wide * scale)}px`;
      box.style.height = `${Math.floor(height * scale)}px`;
    };
    new ResizeObserver(fit).observe(box);
    requestAnimationFrame(() => {
      if (!box.parentElement) return;
      new ResizeObserver(fit).observe(box.parentElement);
      fit();
    });
    return box;
  }

  // Numbered boxes over a picture of the page, in shares of its sides.
  function marks(regions, wide, high, here) {
    return regions.flatMap((region, index) => {
      if (region.here !== here) return [];
      const [x0, y0, x1, y1] = region.box;
      const mark = el("span", { class: "sl-web-mark", title: region.label }, el("i", {}, String(index + 1)));
      Object.assign(mark.style, {
        left: `${100 * x0 / wide}%`, top: `${100 * y0 / high}%`,
        width: `${100 * (x1 - x0) / wide}%`, height: `${100 * (y1 - y0) / high}%`,
      });
      return [mark];
    });
  }

  window.secondLook.web = { frame, scaled, marks, confined };
})();
