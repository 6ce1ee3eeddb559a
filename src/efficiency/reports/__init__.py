"""What people receive: the officials' workbook and page, the public notice, return workbooks, the score card."""
