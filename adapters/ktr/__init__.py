"""Certification's hands: cycler files in, protocol files in, signed certificates out."""
