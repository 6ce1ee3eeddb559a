"""What intake records of its work: submissions with their reconciliation, problems, and the column map for lineage."""

from schemas.column import Column, Table

LIST_SHEET = "问题清单"
GUIDE_SHEET = "填报说明"
OWN_SHEETS = (LIST_SHEET, GUIDE_SHEET)
"""Sheets that this program writes into the workbooks it hands out; they come back with the data and state nothing."""

SUBMISSIONS = Table(
    schema="intake",
    name="submissions",
    meaning="One row per sheet that was read, or per file that could not be",
    columns=(
        Column(
            "submission_id",
            "text",
            "报送编号",
            "First 12 hex digits of the file's SHA-256, the sheet's position, "
            "and the table's position where a sheet holds several",
            nullable=False,
        ),
        Column("file_name", "text", "文件", "Path below the inbox", nullable=False),
        Column("sha256", "text", "SHA-256", "SHA-256 of the file's bytes", nullable=False),
        Column("form", "text", "表式", "Form the sheet was recognised as; null when refused before that"),
        Column("sheet", "text", "工作表", "Worksheet name; empty for CSV", nullable=False),
        Column(
            "period_label",
            "text",
            "所属期",
            "Period as recognised, e.g. 2026-10, 2026-01..2026-10; null where rows "
            "carry their own or the form has none",
        ),
        Column("filled_on", "date", "填报日期", "Date of filing as the sheet states it"),
        Column("file_date", "date", "文件日期", "Day on which the file was last changed, as its file system says"),
        Column(
            "status",
            "text",
            "状态",
            "accepted: every data row; partly: some rows or cells refused; refused: nothing",
            nullable=False,
            choices=("accepted", "partly", "refused"),
        ),
        Column("rows_total", "integer", "读取行数", "Rows read below the header, to the last used row", nullable=False),
        Column("rows_accepted", "integer", "采纳行数", "Rows of which at least one figure counts", nullable=False),
        Column("rows_rejected", "integer", "退回行数", "Rows of which nothing could be used", nullable=False),
        Column(
            "rows_unusable",
            "integer",
            "读取时退回行数",
            "Of the rejected rows, those that the sheet alone shows to "
            "state nothing usable; the others were rejected when enterprises were matched",
        ),
        Column(
            "rows_superseded",
            "integer",
            "被替代或重复行数",
            "Rows replaced by a later submission or repeated",
            nullable=False,
        ),
        Column("rows_totals", "integer", "合计行数", "Total rows", nullable=False),
        Column("rows_notes", "integer", "附注行数", "Note rows", nullable=False),
        Column("rows_blank", "integer", "空行数", "Blank rows", nullable=False),
        Column(
            "left_out",
            "text",
            "不计入原因",
            "succeeded: a later file of its name has its place; withdrawn: it was withdrawn; null: its rows count",
            choices=("succeeded", "withdrawn"),
        ),
        Column(
            "succeeded_by",
            "text",
            "替代报送编号",
            "Sheet of the later file of its name that has its place; entries that stand until they are withdrawn "
            "(form incidents) count beside it",
        ),
        Column("arrival", "integer", "到达次序", "Order of arrival over all runs, from 1", nullable=False),
        Column("run_id", "text", "运行编号", "Run that read it first", nullable=False),
        Column("received_at", "timestamp", "接收时间", "When that run read it", nullable=False),
    ),
    key=("submission_id",),
)

PROBLEMS = Table(
    schema="intake",
    name="problems",
    meaning="One row per problem found in a submission: which cell, what it holds, and what to do",
    columns=(
        Column("submission_id", "text", "报送编号", "Submission the problem was found in", nullable=False),
        Column("file_name", "text", "文件", "Path below the inbox", nullable=False),
        Column("sheet", "text", "工作表", "Worksheet name; empty for CSV or a whole file", nullable=False),
        Column("cell", "text", "单元格", "Address such as F17; null for a problem of the whole sheet or file"),
        Column("uscc", "text", "统一社会信用代码", "Enterprise, where known"),
        Column("name", "text", "企业名称", "Enterprise name, where known"),
        Column("field", "text", "指标", "Canonical field"),
        Column("value", "text", "填报值", "The value found, as text"),
        Column("rule", "text", "规则", "Rule that was broken (a stable identifier)", nullable=False),
        Column(
            "severity",
            "text",
            "级别",
            "error: the value does not count; warning: it counts; note: for information",
            nullable=False,
            choices=("error", "warning", "note"),
        ),
        Column("message", "text", "说明", "What is wrong and what to do, in Chinese", nullable=False),
        Column("run_id", "text", "运行编号", "Run that found it", nullable=False),
    ),
)

COLUMN_MAP = Table(
    schema="intake",
    name="columns",
    meaning="One row per column of a submission that states a field: where its cells are and how they were converted",
    columns=(
        Column("submission_id", "text", "报送编号", "Submission", nullable=False),
        Column(
            "block",
            "integer",
            "列组",
            "Column group within the sheet (0 unless the sheet states several spans or carriers side by side)",
            nullable=False,
        ),
        Column("field", "text", "指标", "Canonical field", nullable=False),
        Column("column", "text", "列", "Column letters, e.g. F", nullable=False),
        Column(
            "row",
            "integer",
            "行",
            "Row of the cell where it is not that of the fact: an enterprise named above its column; else null",
        ),
        Column("header", "text", "表头", "Header as the sheet states it", nullable=False),
        Column("unit", "text", "计量单位", "Unit as stated or assumed; null for fields without one"),
        Column(
            "factor", "number", "换算系数", "Canonical value = stated value × factor; null where each row has its own"
        ),
        Column(
            "unit_assumed",
            "flag",
            "单位为默认",
            "True when no unit was stated and the form's default was taken",
            nullable=False,
        ),
        Column(
            "header_row",
            "integer",
            "表头行",
            "Row of the sheet in which the header begins; null in files that were read before it was kept",
        ),
        Column(
            "header_column",
            "text",
            "表头列",
            "Column letters of the header where it is not above its figures: a measure named in a row; else null",
        ),
        Column(
            "counted_once",
            "flag",
            "只计一次",
            "True when the column states one figure of the whole on each of its parts; null or false: parts add up",
        ),
        Column(
            "unit_confirmed",
            "flag",
            "单位经映射确认",
            "True when a mapping file states the unit of the column; null or false: the sheet or the form does",
        ),
    ),
    key=("submission_id", "block", "field"),
)

WITHDRAWALS = Table(
    schema="intake",
    name="withdrawals",
    meaning="One row per sheet and time that it was withdrawn (`efficiency withdraw`): from the next run on it "
    "does not count, until that is undone. Rows are never removed",
    columns=(
        Column("file_name", "text", "文件", "File that was withdrawn, path below the inbox", nullable=False),
        Column("submission_id", "text", "报送编号", "Sheet that is withdrawn (intake.submissions)", nullable=False),
        Column("reason", "text", "撤回原因", "Why, as the operator states it", nullable=False),
        Column("operator", "text", "操作人", "Who withdrew it, as user@host", nullable=False),
        Column("withdrawn_at", "timestamp", "撤回时间", "When it was withdrawn", nullable=False),
        Column("undone_at", "timestamp", "恢复时间", "When that was undone; null while it is withdrawn"),
        Column("after_run", "integer", "撤回前运行次序", "Last run before it was withdrawn (audit.runs.sequence); "
               "later runs know it", nullable=False),
        Column("undone_after_run", "integer", "恢复前运行次序", "Last run before that was undone; later runs count the "
               "sheet again"),
    ),
)  # fmt: skip
