"""Reads a Parquet file of task records with DuckDB and with pyarrow, and compares every value with
the CSV file of the same records. Prints "equal" and the number of rows, or the first difference.

Usage: records.py FILE.parquet FILE.csv
"""

import csv
import sys

import duckdb
import pyarrow.parquet as parquet


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def written(cell):
    """The text of a CSV cell: one that a spreadsheet would take for a formula has a ' before it."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in tuple("=+-@\t\r") else cell


def main():
    path, reference = sys.argv[1:]
    with open(reference, newline="") as file:
        expected = list(csv.reader(line for line in file if not line.startswith("#")))
    table = parquet.read_table(path)
    connection = duckdb.connect()
    cursor = connection.execute("SELECT * FROM read_parquet(?)", [path])
    readers = {
        "pyarrow": (table.column_names, list(zip(*(c.to_pylist() for c in table.columns)))),
        "DuckDB": ([d[0] for d in cursor.description], cursor.fetchall()),
    }
    for name, (columns, rows) in readers.items():
        if columns != expected[0]:
            sys.exit(f"{name}: columns {columns} are not {expected[0]}")
        if len(rows) != len(expected) - 1:
            sys.exit(f"{name}: {len(rows)} rows instead of {len(expected) - 1}")
        for number, (row, wanted) in enumerate(zip(rows, expected[1:]), 1):
            for column, value, want in zip(columns, row, wanted):
                if text(value) != written(want):
                    sys.exit(f"{name}: row {number} {column}: {value!r} is not {want!r}")
    print(f"equal {len(expected) - 1}")


main()
