"""The data folder with the default models and the photographs, as the tests of faces need it."""

from tests.face.conftest import data

__all__ = ["data"]
