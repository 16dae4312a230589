"""Rating, invoices, the ledger and payments (요금 산정, 청구서, 분개, 결제). Won are integers from end to end."""
