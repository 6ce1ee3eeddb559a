// Tables: a plain one, and one that is sorted by its headers' buttons and draws its rows as they are scrolled to.

const CHUNK = 40;
const PRINTED_ROWS = 2000;
const PRINTED_COLUMNS = 12;

/** The class of a cell; a badge has the class `tier`, so its cell needs a name of its own. */
const cellClass = (kind, at = 0) => (kind === "tier" ? "grade" : kind) + (at < PRINTED_COLUMNS ? "" : " beyond");

/** What a cell of `kind` holds. */
function cellContent(row, key, kind) {
  const value = row[key];
  if (kind === "tier") return badge(value);
  if (kind === "link" && row.uscc) return cardLink(row.uscc, value);
  if (kind === "confidence" && isBorderline(row)) {
    return el("span", {}, shown(value, kind), el("span", { class: "alert" }, "临界"));
  }
  return shown(value, kind);
}

function bodyRow(columns, row, index = null) {
  return el("tr", { "aria-rowindex": index }, columns.map(([key, , kind], at) => {
    const header = kind === "link";
    return el(header ? "th" : "td", { class: cellClass(kind, at), scope: header ? "row" : null }, cellContent(row, key, kind));
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
const isKnown = (value) => value !== null && value !== undefined;

/** Missing values stand last in either direction. */
function compared(left, right, direction) {
  if (!isKnown(left) || !isKnown(right)) return isKnown(right) - isKnown(left);
  return direction * (typeof left === "number" ? left - right : collator.compare(left, right));
}

/** Width of a text on one line, in em. */
const textWidth = (text) => [...text].reduce((sum, one) => sum + (one > "\u2e7f" ? 1 : 0.56), 0);

/**
 * Width of a column in em, from its title and the longest of what it holds, so that it stays the same whichever rows
 * are drawn.
 */
function columnWidth([key, title, kind], rows) {
  const heading = Math.min(textWidth(title), 7) + 1.2;
  if (kind === "link") return 15;
  if (kind === "prose") return 23;
  if (kind === "tier") return heading;
  let [least, most, longest] = [Infinity, -Infinity, ""];
  for (const row of rows) {
    const value = row[key];
    if (typeof value === "number") [least, most] = [Math.min(least, value), Math.max(most, value)];
    else if (typeof value === "string" && value.length > longest.length) longest = value;
  }
  const figures = most >= least ? [least, most].map((value) => textWidth(shown(value, kind))) : [0];
  const content = Math.max(...figures, Math.min(textWidth(longest), 11)) + (kind === "confidence" ? 4 : 0) + (kind === "score" ? 1 : 0);
  return Math.max(heading, content + 0.4);
}

/**
 * A table that can be sorted. `show(columns, rows, caption, all)` fills it; `all` are the rows that its columns make room
 * for. `sort` is [key, 1 or -1] or null; `onSort` is called when the reader has changed it. `order()` gives the rows
 * as they stand.
 */
function sortableTable(onSort = () => {}) {
  let [columns, rows, ordered, chunks, sorted] = [[], [], [], [], null];
  const bodies = new Map();
  const head = el("thead");
  const widths = el("colgroup");
  const title = el("caption", { class: "hidden" });
  const grid = el("table", { class: "grid" }, title, widths, head);
  const region = el("div", { class: "scroll tall", tabIndex: 0, role: "region" }, grid);
  const printed = el("p", { class: "note printed" });
  const element = el("div", {}, printed, region);
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const chunk = bodies.get(target);
      if (chunk) (isIntersecting ? draw : fold)(chunk);
    }
  }, { root: region, rootMargin: "900px 0px" });

  function draw(chunk) {
    if (chunk.drawn) return;
    chunk.drawn = true;
    chunk.body.replaceChildren(...ordered.slice(chunk.from, chunk.to).map((row, i) => bodyRow(columns, row, chunk.from + i + 2)));
  }

  /** Leaves of the rows only their height; never of those where the reader's focus is. */
  function fold(chunk) {
    if (!chunk.drawn || chunk.body.contains(document.activeElement)) return;
    hold(chunk, chunk.body.offsetHeight);
  }

  function hold(chunk, height) {
    const cell = el("td", { colSpan: columns.length });
    cell.style.height = `${height}px`;
    chunk.drawn = false;
    chunk.body.replaceChildren(el("tr", { class: "space", "aria-hidden": "true" }, cell));
  }

  function arrange() {
    ordered = sorted ? [...rows].sort((a, b) => compared(a[sorted[0]], b[sorted[0]], sorted[1])) : rows;
    watcher.disconnect();
    bodies.clear();
    for (const chunk of chunks) chunk.body.remove();
    chunks = [];
    for (let from = 0; from < ordered.length; from += CHUNK) {
      chunks.push({ from, to: Math.min(from + CHUNK, ordered.length), body: el("tbody"), drawn: false });
    }
    grid.setAttribute("aria-rowcount", ordered.length + 1);
    region.scrollTop = 0;
    if (!ordered.length) {
      const body = el("tbody", {}, el("tr", {}, el("td", { colSpan: columns.length, class: "empty" }, "没有符合条件的企业")));
      chunks = [{ from: 0, to: 0, body, drawn: true }];
      grid.append(body);
      return;
    }
    draw(chunks[0]);
    grid.append(chunks[0].body);
    const height = chunks[0].body.offsetHeight / chunks[0].to || 37;
    for (const chunk of chunks.slice(1)) hold(chunk, height * (chunk.to - chunk.from));
    grid.append(...chunks.slice(1).map((chunk) => chunk.body));
    for (const chunk of chunks) {
      bodies.set(chunk.body, chunk);
      watcher.observe(chunk.body);
    }
  }

  function sortBy(key, kind) {
    const first = kind === "ordinal" || !NUMERIC.has(kind) ? 1 : -1;
    setSort(sorted?.[0] === key ? [key, -sorted[1]] : [key, first]);
    arrange();
    onSort(sorted);
  }

  function setSort(sort) {
    sorted = sort && columns.some(([key]) => key === sort[0]) ? sort : null;
    for (const cell of head.querySelectorAll("th")) {
      if (sorted?.[0] === cell.dataset.key) cell.setAttribute("aria-sort", sorted[1] > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
  }

  function show(newColumns, newRows, caption, all = newRows, sort = null) {
    if (newColumns !== columns) {
      columns = newColumns;
      const ems = columns.map((column) => columnWidth(column, all) + 1.4);
      widths.replaceChildren(...ems.map((em) => {
        const column = el("col");
        column.style.width = `${em}em`;
        return column;
      }));
      grid.style.width = `max(100%, ${ems.reduce((a, b) => a + b, 0)}em)`;
      head.replaceChildren(el("tr", { "aria-rowindex": 1 }, columns.map(([key, heading, kind], at) =>
        el("th", { scope: "col", class: cellClass(kind, at), "data-key": key, "data-title": heading },
          el("button", { type: "button", onclick: () => sortBy(key, kind) }, heading)))));
    }
    rows = newRows;
    setSort(sort);
    title.textContent = caption;
    region.setAttribute("aria-label", caption);
    arrange();
  }

  // A print shows the whole list up to a bound, not the rows that happen to be on the screen.
  window.addEventListener("beforeprint", () => {
    watcher.disconnect();
    for (const chunk of chunks) {
      chunk.body.hidden = chunk.from >= PRINTED_ROWS;
      if (!chunk.body.hidden) draw(chunk);
    }
    const left = ordered.length > PRINTED_ROWS ? `共${number(ordered.length, 0)}行，本次只打印前${number(PRINTED_ROWS, 0)}行；其余请先筛选再打印。` : "";
    const narrower = columns.length > PRINTED_COLUMNS ? `打印前${PRINTED_COLUMNS}列，其余各列见评价工作簿或下载的CSV。` : "";
    printed.textContent = left + narrower;
  });
  window.addEventListener("afterprint", () => {
    const place = region.scrollTop;
    arrange();
    region.scrollTop = place;
  });
  return { element, show, order: () => ordered, columns: () => columns };
}
