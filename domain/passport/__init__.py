"""Packs, their passports and their sealed history (배터리 여권, 전 주기 이력)."""
