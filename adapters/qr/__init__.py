"""QR labels of a pack's product URI."""
