// The filtered rows as a CSV file that spreadsheet programs open.

const LIVE = new RegExp(DATA.live);

/** One cell: figures as they are; text quoted, and with an apostrophe where a program would compute it. */
function csvCell(value) {
  if (!isKnown(value)) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  return `"${(LIVE.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

/** CSV of `rows` with `columns` [key, title, kind], each row with the evaluation's id, the period and the code. */
function csvText(columns, rows) {
  const own = [["uscc", "统一社会信用代码"], ...columns.filter(([key]) => key !== "uscc")];
  const titles = ["评价编号", "评价期", ...own.map(([, title, kind]) => (kind === "confidence" ? `${title}(比例)` : title))];
  const lines = rows.map((row) => [DATA.evaluation, DATA.month, ...own.map(([key]) => row[key])]);
  return `\ufeff${[titles, ...lines].map((cells) => cells.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/** A part of a file name: without what systems forbid there. */
const filePart = (text) => text.replace(/[\\/:*?"<>|\s\u0000-\u001f]+/g, "_").slice(0, 60);

/** Lets the reader save `rows` as a file that is named after `title`, the period and the evaluation. */
function download(title, columns, rows) {
  const address = URL.createObjectURL(new Blob([csvText(columns, rows)], { type: "text/csv;charset=utf-8" }));
  const link = el("a", { href: address, download: `${[title, DATA.month, DATA.evaluation].map(filePart).join("_")}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
