"""Huitou: brings live-commerce viewers back, and proves that it worked."""

__version__ = "0.1.0"
