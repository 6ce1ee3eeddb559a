"""`efficiency status`: who has sent what, as JSON, as tables on a terminal, and as the workbook 报送情况."""

from efficiency.review.status.found import Status, status, status_as_json
from efficiency.review.status.tables import print_status
from efficiency.review.status.workbook import status_file_name, write_status

__all__ = ["Status", "print_status", "status", "status_as_json", "status_file_name", "write_status"]
