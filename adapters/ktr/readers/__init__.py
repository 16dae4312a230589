"""Readers of test files, one module a vendor, over one small core. They run in the sandbox's child only.

`series` is what a reader hands over and `record` what becomes of it; `text`, `columns` and `tables` read
exports by their headers and units; `archives` and `spreadsheets` open containers safely; `detection` is the
table that knows every format.
"""
