"""Tables that leave by Arrow's C stream interface, and what reads them without an Arrow library."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable, Iterator

if TYPE_CHECKING:
    import numpy
    import pandas
    import polars
    import pyarrow


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))),
    ("private_data", ctypes.c_void_p),
]

_NUMBERS: dict[bytes, Any] = {
    b"l": ctypes.c_int64,
    b"g": ctypes.c_double,
    b"c": ctypes.c_int8,
    b"i": ctypes.c_int32,
}


class _Batch:
    """A batch of rows, in memory of the library's until this goes."""

    def __init__(self) -> None:
        self.array = _Array()

    def __del__(self) -> None:
        if self.array.release:
            self.array.release(ctypes.byref(self.array))


def _values(schema: _Schema, array: _Array) -> list[Any]:
    """One column's values as Python's; None for a null."""
    count, start = array.length, array.offset
    data: list[Any]
    if schema.format == b"b":
        flags = (ctypes.c_uint8 * ((start + count + 7) // 8)).from_address(array.buffers[1] or 0)
        data = [bool(flags[place >> 3] >> (place & 7) & 1) for place in range(start, start + count)]
    elif schema.format == b"u":
        offsets = (ctypes.c_int32 * (start + count + 1)).from_address(array.buffers[1] or 0)
        text = ctypes.string_at(array.buffers[2] or 0, offsets[start + count])
        data = [text[offsets[i] : offsets[i + 1]].decode() for i in range(start, start + count)]
    else:
        kind = _NUMBERS[schema.format]
        data = list((kind * (start + count)).from_address(array.buffers[1] or 0))[start:]
    if schema.dictionary:
        names = _values(schema.dictionary.contents, array.dictionary.contents)
        # A null's key may be of no name.
        data = [names[key] if key < len(names) else None for key in data]
    if array.null_count and array.buffers[0]:
        bits = (ctypes.c_uint8 * ((start + count + 7) // 8)).from_address(array.buffers[0])
        data = [
            value if bits[place >> 3] >> (place & 7) & 1 else None
            for place, value in enumerate(data, start)
        ]
    return data


class Table:
    """Columns that leave by Arrow's C stream interface, without a copy.

    ``polars.DataFrame(table)``, ``pyarrow.table(table)``, ``duckdb.from_arrow(pyarrow.table(table))`` and
    ``table.to_pandas()`` work; ``to_dict()`` needs nothing but Python. Each use makes the stream anew.
    """

    def __init__(self, stream: Callable[[], object]) -> None:
        self._stream = stream

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._stream()

    def _batches(self) -> Iterator[tuple[_Schema, _Batch | None]]:
        """The schema, once by itself and then with each batch."""
        capsule = self._stream()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype = ctypes.c_void_p
        pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
        stream = _Stream.from_address(pointer(capsule, b"arrow_array_stream") or 0)
        schema = _Schema()
        self._check(stream, stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
        try:
            yield schema, None
            while True:
                batch = _Batch()
                self._check(stream, stream.get_next(ctypes.byref(stream), ctypes.byref(batch.array)))
                if not batch.array.release:
                    break
                yield schema, batch
        finally:
            schema.release(ctypes.byref(schema))
            del capsule

    @staticmethod
    def _check(stream: _Stream, status: int) -> None:
        if status:
            from ._errors import InputError

            text = stream.get_last_error(ctypes.byref(stream))
            raise InputError(text.decode() if text else "the table cannot be read")

    def to_dict(self) -> dict[str, list[Any]]:
        """The columns as lists of Python's values, ``None`` for a null. O(cells); for small tables."""
        columns: dict[str, list[Any]] = {}
        for schema, batch in self._batches():
            for place in range(schema.n_children):
                column = schema.children[place].contents
                values = columns.setdefault((column.name or b"").decode(), [])
                if batch:
                    values += _values(column, batch.array.children[place].contents)
        return columns

    def to_numpy(self) -> dict[str, numpy.ndarray[Any, Any]]:
        """The columns as NumPy arrays: int64, float64 (NaN for a null), bool, or objects."""
        import numpy

        arrays: dict[str, numpy.ndarray[Any, Any]] = {}
        for name, values in self.to_dict().items():
            some = next((value for value in values if value is not None), None)
            if isinstance(some, (int, float)) and not isinstance(some, bool) and None in values:
                arrays[name] = numpy.array(
                    [numpy.nan if value is None else value for value in values], dtype=float
                )
            else:
                arrays[name] = numpy.array(values, dtype=object if isinstance(some, str) else None)
        return arrays

    def to_arrow(self) -> pyarrow.Table:
        """A ``pyarrow.Table``."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """A ``pandas.DataFrame`` (by way of pyarrow)."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """A ``polars.DataFrame``."""
        import polars

        return polars.DataFrame(self)
