"""`override` without `typing_extensions`, whose import alone takes a third of the time of `tassist --help`."""

from typing import TYPE_CHECKING

__all__ = ["override"]

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method):  # noqa: ANN001, ANN201 – the type checker never comes here
        """Say that a method takes the place of one of a base class."""
        return method
