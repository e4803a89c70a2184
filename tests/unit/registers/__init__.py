"""Reading registers: cells, dates, heads, rows, whole files, hostile files, and marking errors."""
