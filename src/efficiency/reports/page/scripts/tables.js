// Tables: a plain one, and one that is sorted by its headers' buttons and grows as one asks for more.

const PAGE_ROWS = 50;
const PRINTED_ROWS = 2000;

/** The class of a cell; a badge has the class `tier`, so its cell needs a name of its own. */
const cellClass = (kind) => (kind === "tier" ? "grade" : kind);

/** What a cell of `kind` holds. */
function cellContent(row, key, kind) {
  const value = row[key];
  if (kind === "tier") return badge(value);
  if (kind === "link" && row.uscc) return el("a", { href: `#${row.uscc}` }, value);
  if (kind === "confidence" && typeof value === "number" && value < DATA.confident) {
    return el("span", {}, shown(value, kind), el("span", { class: "alert" }, "临界"));
  }
  return shown(value, kind);
}

function bodyRow(columns, row) {
  return el("tr", {}, columns.map(([key, , kind]) => {
    const header = kind === "link";
    return el(header ? "th" : "td", { class: cellClass(kind), scope: header ? "row" : null }, cellContent(row, key, kind));
  }));
}

/** A small table without controls; `rows` are objects, `columns` [key, title, kind]. */
function plainTable(caption, columns, rows, total = null) {
  const foot = total && el("tfoot", {}, el("tr", {}, columns.map(([key, , kind]) => el("td", { class: cellClass(kind) }, shown(total[key], kind)))));
  return el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": caption },
    el("table", {},
      el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, columns.map(([, title, kind]) => el("th", { scope: "col", class: cellClass(kind) }, title)))),
      el("tbody", {}, rows.map((row) => bodyRow(columns, row))),
      foot || null));
}

const collator = new Intl.Collator("zh-CN", { numeric: true });

/** Missing values stand last in either direction. */
function compared(a, b, key, direction) {
  const [left, right] = [a[key], b[key]];
  const [noLeft, noRight] = [left === null || left === undefined, right === null || right === undefined];
  if (noLeft || noRight) return noLeft - noRight;
  return direction * (typeof left === "number" ? left - right : collator.compare(left, right));
}

/**
 * A table that can be sorted. `show(columns, rows, caption)` fills it; sorting stays while the columns do.
 * `order()` gives the rows as they stand, for whoever wants the next one.
 */
function sortableTable() {
  let columns = [];
  let rows = [];
  let caption = "";
  let sorted = null; // [key, 1 or -1]
  let visible = PAGE_ROWS;
  let ordered = [];
  const head = el("thead");
  const body = el("tbody");
  const title = el("caption", { class: "hidden" });
  const more = el("button", { type: "button", class: "plain", onclick: () => reveal(visible + PAGE_ROWS * 2) });
  const region = el("div", { class: "scroll tall", tabIndex: 0, role: "region" }, el("table", {}, title, head, body));
  const element = el("div", {}, region, el("p", { class: "more" }, more));

  function reveal(count) {
    const from = body.rows.length;
    visible = Math.min(count, Math.max(ordered.length, PAGE_ROWS));
    body.append(...ordered.slice(from, visible).map((row) => bodyRow(columns, row)));
    const left = ordered.length - body.rows.length;
    more.hidden = left <= 0;
    more.textContent = `再显示${Math.min(left, PAGE_ROWS * 2)}户(还有${number(left, 0)}户)`;
  }

  function arrange() {
    ordered = sorted ? [...rows].sort((a, b) => compared(a, b, sorted[0], sorted[1])) : rows;
    body.replaceChildren();
    if (!ordered.length) {
      body.append(el("tr", {}, el("td", { colSpan: columns.length, class: "empty" }, "没有符合条件的企业")));
      more.hidden = true;
      return;
    }
    reveal(PAGE_ROWS);
  }

  function sortBy(key, kind) {
    const first = kind === "ordinal" || !NUMERIC.has(kind) ? 1 : -1;
    sorted = sorted?.[0] === key ? [key, -sorted[1]] : [key, first];
    for (const cell of head.querySelectorAll("th")) mark(cell);
    arrange();
  }

  function mark(cell) {
    const own = sorted?.[0] === cell.dataset.key;
    if (own) cell.setAttribute("aria-sort", sorted[1] > 0 ? "ascending" : "descending");
    else cell.removeAttribute("aria-sort");
  }

  function show(newColumns, newRows, newCaption) {
    const same = newColumns === columns;
    [columns, rows, caption] = [newColumns, newRows, newCaption];
    if (!same) {
      sorted = null;
      head.replaceChildren(el("tr", {}, columns.map(([key, heading, kind]) =>
        el("th", { scope: "col", class: cellClass(kind), "data-key": key, "data-title": heading },
          el("button", { type: "button", onclick: () => sortBy(key, kind) }, heading)))));
    }
    title.textContent = caption;
    region.setAttribute("aria-label", caption);
    arrange();
  }

  // A print shows the whole list, not the part that happens to be on the screen.
  window.addEventListener("beforeprint", () => ordered.length && reveal(PRINTED_ROWS));
  return { element, show, order: () => ordered };
}
