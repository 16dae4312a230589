"""Payment by bank transfer, of equal rank with cards: an instruction, no call to anyone."""
