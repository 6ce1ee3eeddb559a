// Rules of accessibility that can be computed from a page as it is shown; each breach is "rule: element". Where axe-core
// has the rule too, it has its name.

(() => {
  const breaches = [];
  const told = (rule, element) => breaches.push(`${rule}: ${element.outerHTML.slice(0, 120)}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const hidden = (element) => !!element.closest('[aria-hidden="true"]') || !element.checkVisibility({ visibilityProperty: true });
  const text = (element) => (element.textContent ?? "").trim();

  function name(element) {
    const labelled = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    if (labelled.length) return labelled.map((id) => text(document.getElementById(id) ?? {})).join(" ").trim();
    const own = element.getAttribute("aria-label") ?? element.getAttribute("title");
    if (own?.trim()) return own.trim();
    const title = [...element.children].find((child) => child.localName === "title");
    if (title) return text(title);
    if (element.labels?.length) return [...element.labels].map(text).join(" ").trim();
    return ["a", "button", "summary"].includes(element.localName) ? text(element) : "";
  }

  const roles = '[role="img"], [role="graphics-symbol"], svg[role="graphics-document"]';
  for (const element of all(`svg, svg *, canvas, ${roles}`)) {
    if (element.matches(roles) && !hidden(element) && !name(element)) told("svg-img-alt", element);
  }
  for (const element of all("svg, canvas")) {
    if (!hidden(element) && !element.closest(roles)) told("svg-img-alt", element);
  }
  for (const element of all("input:not([type=hidden]), select, textarea")) if (!hidden(element) && !name(element)) told("label", element);
  for (const element of all("button, summary")) if (!hidden(element) && !name(element)) told("button-name", element);
  for (const element of all("a[href]")) if (!hidden(element) && !name(element)) told("link-name", element);
  for (const element of all("dialog[open], [role=region], [role=search], nav, section[aria-labelledby]")) {
    if (!hidden(element) && !name(element)) told("region-name", element);
  }

  const ids = all("[id]").map((element) => element.id);
  for (const element of all("[id]")) if (ids.indexOf(element.id) !== ids.lastIndexOf(element.id)) told("duplicate-id", element);
  for (const element of all("[aria-labelledby], [aria-describedby]")) {
    for (const attribute of ["aria-labelledby", "aria-describedby"]) {
      const named = (element.getAttribute(attribute) ?? "").split(/\s+/).filter(Boolean);
      if (!hidden(element) && named.some((id) => !document.getElementById(id))) told("aria-valid-attr-value", element);
    }
  }

  const landmarks = ["main", "header", "nav"];
  for (const landmark of landmarks) if (all(landmark).length !== 1) told(`landmark-one-${landmark}`, document.body);
  if (!document.documentElement.lang) told("html-has-lang", document.documentElement);
  if (!document.title) told("document-title", document.documentElement);
  for (const element of document.body.children) {
    const within = element.matches("main, header, nav, dialog, script, noscript, .skip, [role=presentation]");
    if (!within && !hidden(element) && text(element)) told("region", element);
  }

  let level = 0;
  const modal = document.querySelector("dialog[open]");
  for (const heading of all("h1, h2, h3, h4, h5, h6").filter((one) => !hidden(one) && !one.closest("dialog") === !modal)) {
    const own = Number(heading.localName[1]);
    if (level && own > level + 1) told("heading-order", heading);
    if (!text(heading)) told("empty-heading", heading);
    level = own;
  }

  for (const table of all("table")) {
    if (hidden(table)) continue;
    if (!table.caption || !text(table.caption)) told("table-caption", table);
    for (const cell of table.querySelectorAll("thead th")) if (!["col", "colgroup"].includes(cell.scope)) told("scope-attr-valid", cell);
  }
  for (const element of all("*")) {
    const scrolls = element.scrollHeight > element.clientHeight + 2 || element.scrollWidth > element.clientWidth + 2;
    const style = scrolls && getComputedStyle(element);
    if (!scrolls || hidden(element) || element === document.documentElement || element === document.body) continue;
    if (!/auto|scroll/.test(style.overflowX + style.overflowY)) continue;
    if (element.tabIndex < 0 && !element.querySelector("a[href], button, input, select, [tabindex='0']")) told("scrollable-region-focusable", element);
  }

  // Contrast (WCAG 2.1, 1.4.3): the text's colour over the backgrounds behind it, painted as the browser would.
  const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  function painted(colours) {
    pixel.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
    }
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }
  function luminance(rgb) {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function behind(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.backgroundImage !== "none") return null; // what is a picture is not judged
      layers.unshift(style.backgroundColor);
      if (one.localName === "dialog") break;
    }
    return ["canvas", ...layers];
  }
  const known = new Map();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || hidden(element) || element.closest("script, style, option, .hidden, svg")) continue;
    if (modal && !modal.contains(element)) continue;
    const style = getComputedStyle(element);
    if (element.closest("[aria-disabled]")) continue;
    const layers = behind(element);
    if (!layers) continue;
    const key = JSON.stringify([style.color, layers]);
    if (!known.has(key)) {
      const [low, high] = [luminance(painted([...layers, style.color])), luminance(painted(layers))].sort((a, b) => a - b);
      known.set(key, (high + 0.05) / (low + 0.05));
    }
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (known.get(key) < (large ? 3 : 4.5)) told(`color-contrast ${known.get(key).toFixed(2)}`, element);
  }
  return breaches;
})();
