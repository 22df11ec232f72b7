from tests.edge.conftest import process

__all__ = ["process"]
