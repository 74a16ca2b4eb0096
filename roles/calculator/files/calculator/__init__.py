"""A calculator made of five small HTTP services: a frontend and one service an operation."""

__version__ = "1.0.0"
