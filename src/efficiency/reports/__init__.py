"""What people receive: the officials' workbook, the public notice, return workbooks and the score card."""
