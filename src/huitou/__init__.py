"""Huitou: brings live-commerce viewers back, and proves that it worked."""
