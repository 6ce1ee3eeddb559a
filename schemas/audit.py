"""The runs that made the warehouse: what each read and which evaluations were current. Rows are only added."""

from schemas.column import Column, Table

_RUN_ID = Column("run_id", "text", "运行编号", "Run: when it began (UTC) and a random mark", nullable=False)
_SEQUENCE = Column(
    "sequence", "integer", "运行次序", "Position of the run among those of this warehouse, from 1", nullable=False
)

OUTCOMES = ("published", "unchanged")

RUNS = Table(
    schema="audit",
    name="runs",
    meaning="One row per run that published this file: who ran what, under which policy, and what it counted. "
    "Runs that failed publish nothing; they are in the log of runs",
    columns=(
        _SEQUENCE,
        _RUN_ID,
        Column("command", "text", "命令", "The run as a command line; it holds no secret", nullable=False),
        Column("operator", "text", "操作人", "Who ran it, as user@host", nullable=False),
        Column("started", "timestamp", "开始时间", "When it began", nullable=False),
        Column("finished", "timestamp", "完成时间", "When it was ready to publish", nullable=False),
        Column("code_version", "text", "程序版本", "Version of this software", nullable=False),
        Column("periods", "text", "评价期", "Periods evaluated, separated by a blank", nullable=False),
        Column("policy_id", "text", "办法", "Policy", nullable=False),
        Column("policy_sha256", "text", "办法摘要", "SHA-256 of the policy's text", nullable=False),
        Column("policy_toml", "text", "办法全文", "The policy as it was applied", nullable=False),
        Column("last_arrival", "integer", "截至到达次序", "Last submission it knew (intake.submissions.arrival)",
               nullable=False),
        Column("files", "integer", "文件数", "Spreadsheets in the inbox", nullable=False),
        Column("files_new", "integer", "新文件数", "Of these, read by this run for the first time", nullable=False),
        Column("submissions", "integer", "报送表数", "Sheets on record after this run", nullable=False),
        Column("rows_total", "integer", "读取行数", "Rows read from these sheets", nullable=False),
        Column("rows_accepted", "integer", "采纳行数", "Rows of which at least one figure counts", nullable=False),
        Column("problems_error", "integer", "错误数", "Errors on record after this run", nullable=False),
        Column("problems_warning", "integer", "警告数", "Warnings on record after this run", nullable=False),
        Column("outcome", "text", "结果", "published: an evaluation or a file was new; unchanged: nothing was",
               nullable=False, choices=OUTCOMES),
        Column("log_sha256", "text", "日志摘要", "Digest of this run's first entry in the log of runs next to the "
               "warehouse; null when it was made without one"),
    ),
    key=("sequence",),
)  # fmt: skip

RUN_FILES = Table(
    schema="audit",
    name="run_files",
    meaning="One row per run and spreadsheet that was in its inbox",
    columns=(
        _SEQUENCE,
        _RUN_ID,
        Column("file_name", "text", "文件", "Path below the inbox", nullable=False),
        Column("sha256", "text", "SHA-256", "SHA-256 of the file's bytes", nullable=False),
        Column("fresh", "flag", "首次读取", "True when no earlier run had read these bytes", nullable=False),
    ),
    key=("sequence", "file_name"),
)

RUN_EVALUATIONS = Table(
    schema="audit",
    name="run_evaluations",
    meaning="One row per run and period: the evaluation that was current when the run ended. By them it is known "
    "which evaluation was current at any time",
    columns=(
        _SEQUENCE,
        Column("position", "integer", "序号", "Position of the period in its run, from 1", nullable=False),
        _RUN_ID,
        Column("period", "text", "评价期", "Period, YYYY-MM", nullable=False),
        Column("policy_id", "text", "办法", "Policy", nullable=False),
        Column("evaluation_id", "text", "评价编号", "Evaluation (results.evaluations)", nullable=False),
        Column("inputs_sha256", "text", "输入摘要", "SHA-256 of everything the evaluation read", nullable=False),
        Column("changed", "flag", "有变化", "True when the run made this evaluation current", nullable=False),
    ),
    key=("sequence", "position"),
)
