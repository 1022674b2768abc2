"""Any journal's text as data: parts, entries, fields, tables, fences and what is damaged."""
