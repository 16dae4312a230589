"""Printed documents: reports, certificates, invoices and label sheets, set by typst."""
