"""What pyarrow and DuckDB make of Parquet files, as text that the Swift tests compare.

    parquet.py dump ENGINE FILE...   the values of each file, one line a column
    parquet.py stats FILE            null count, minimum and maximum of each chunk (pyarrow)
    parquet.py write DIRECTORY ROWS  files of many kinds, each with its values beside it as .txt

A value is written as `~` (null), a decimal integer, `nan` or the bits of a float in hexadecimal,
or `=` and the bytes of a string in hexadecimal.
"""

import random
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

KINDS = {"BOOLEAN": "b", "INTEGER": "i", "BIGINT": "i", "FLOAT": "f", "DOUBLE": "d", "VARCHAR": "s",
         "bool": "b", "int32": "i", "int64": "i", "float": "f", "double": "d", "string": "s",
         "large_string": "s"}


def text(kind, value):
    if value is None:
        return "~"
    if kind in "bi":
        return str(int(value))
    if kind == "s":
        return "=" + value.encode().hex()
    if value != value:
        return "nan"
    return struct.pack(">" + kind, value).hex()


def lines(names, kinds, columns):
    return [" ".join([name, *(text(kind, value) for value in column)])
            for name, kind, column in zip(names, kinds, columns)]


def arrow_lines(table):
    kinds = [KINDS[str(field.type)] for field in table.schema]
    return lines(table.column_names, kinds, [column.to_pylist() for column in table.columns])


def dump(engine, path):
    if engine == "pyarrow":
        return arrow_lines(pq.read_table(path))
    relation = duckdb.read_parquet(path)
    rows = relation.fetchall()
    kinds = [KINDS[str(kind)] for kind in relation.types]
    columns = list(zip(*rows)) if rows else [[] for _ in kinds]
    return lines(relation.columns, kinds, columns)


def stats(path):
    file = pq.ParquetFile(path)
    kinds = [KINDS[str(field.type)] for field in file.schema_arrow]
    for group in range(file.num_row_groups):
        for index, kind in enumerate(kinds):
            chunk = file.metadata.row_group(group).column(index)
            found = chunk.statistics
            bounds = ("- -" if not found.has_min_max
                      else f"{text(kind, found.min)} {text(kind, found.max)}")
            yield f"{group} {chunk.path_in_schema} {found.null_count} {bounds}"


def sample(rows, seed):
    pick = random.Random(seed)

    def column(value, nulls=0.0):
        return [None if pick.random() < nulls else value(row) for row in range(rows)]

    words = ["", "a", "Zürich", "日本語", "🦊", "long " * 30]
    return pa.table({
        "few": pa.array(column(lambda _: pick.randrange(5)), pa.int32()),
        "any": pa.array(column(lambda _: pick.getrandbits(64) - 2**63, 0.1), pa.int64()),
        "rising": pa.array(column(lambda row: row * 1000 + pick.randrange(999)), pa.int64()),
        "small": pa.array(column(lambda _: pick.getrandbits(32) - 2**31), pa.int32()),
        "real": pa.array(column(lambda _: pick.choice([pick.gauss(0, 1), -0.0, float("nan")]), 0.3),
                         pa.float64()),
        "single": pa.array(column(lambda _: pick.choice([0.5, float("inf"), -1e-30])), pa.float32()),
        "flag": pa.array(column(lambda _: pick.random() < 0.1, 0.05), pa.bool_()),
        "word": pa.array(column(lambda _: pick.choice(words), 0.2), pa.string()),
        "unique": pa.array(column(lambda row: f"row {row} {pick.random()}"), pa.string()),
        "none": pa.array(column(lambda _: None, 1.0), pa.float64()),
        "mostly": pa.array(column(lambda _: 7, 0.001), pa.int64()),
    })


def nested(table, seed):
    """The columns of `table` in groups up to three deep, some of them missing with all that is in them; lists beside
    them and in them."""
    pick = random.Random(seed)
    rows = table.num_rows

    def group(fields, share):
        """`fields`: name, values, whether they may be missing in the group."""
        mask = pa.array([pick.random() < share for _ in range(rows)], pa.bool_())
        arrays, types = [], []
        for name, values, nullable in fields:
            values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
            arrays.append(values)
            types.append(pa.field(name, values.type, nullable))
        return pa.StructArray.from_arrays(arrays, fields=types, mask=mask if share > 0 else None)

    inner = group([("few", table["few"], False), ("word", table["word"], True)], 0.3)
    middle = group([("any", table["any"], True), ("inner", inner, True), ("rising", table["rising"], False)], 0.2)
    lists = pa.array([[pick.randrange(9)] * pick.randrange(3) for _ in range(rows)], pa.list_(pa.int64()))
    outer = group([("middle", middle, True), ("flag", table["flag"], True), ("lists", lists, True)], 0.5)
    whole = group([("real", table["real"], True), ("single", table["single"], False)], 0)
    schema = pa.schema([
        pa.field("lists", lists.type), pa.field("outer", outer.type), pa.field("small", pa.int32()),
        pa.field("whole", whole.type, False), pa.field("shallow", middle.type)])
    return pa.table([lists, outer, table["small"], whole, middle], schema=schema)


def flat(table):
    """`table` without groups, by Arrow's own means, and without lists."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table.select([field.name for field in table.schema if not pa.types.is_list(field.type)])


def write(directory, most):
    def save(name, table):
        with open(f"{directory}/{name}.txt", "w") as out:
            print(*arrow_lines(table), sep="\n", file=out)

    for rows in (0, 1, most):
        table = sample(rows, rows)
        for compression in ("none", "snappy", "zstd", "gzip"):
            for version in ("1.0", "2.0"):
                for dictionary in (True, False):
                    name = f"pyarrow-{rows}-{compression}-v{version[0]}-{'dict' if dictionary else 'plain'}"
                    pq.write_table(
                        table, f"{directory}/{name}.parquet", compression=compression,
                        data_page_version=version, use_dictionary=dictionary, row_group_size=1300,
                        data_page_size=2000, dictionary_pagesize_limit=4000)
                    save(name, table)
    table = sample(most, 9)
    name = "pyarrow-delta"
    pq.write_table(table.select(["few", "any", "rising", "small", "mostly"]),
                   f"{directory}/{name}.parquet", use_dictionary=False,
                   column_encoding="DELTA_BINARY_PACKED", row_group_size=1300)
    save(name, table.select(["few", "any", "rising", "small", "mostly"]))
    for compression in ("uncompressed", "snappy", "zstd", "gzip"):
        name = f"duckdb-{compression}"
        connection = duckdb.connect()
        connection.register("sample", table)
        connection.execute(
            f"copy sample to '{directory}/{name}.parquet' "
            f"(format parquet, compression {compression}, row_group_size 2048)")
        save(name, table)
    for encoding, columns in (("DELTA_LENGTH_BYTE_ARRAY", ["word", "unique"]),
                              ("DELTA_BYTE_ARRAY", ["word", "unique"]),
                              ("BYTE_STREAM_SPLIT", ["real", "single", "any", "small", "none"])):
        name = "pyarrow-" + encoding
        pq.write_table(table.select(columns), f"{directory}/{name}.parquet", use_dictionary=False,
                       column_encoding=encoding, row_group_size=1300, data_page_size=2000)
        save(name, table.select(columns))
    for rows in (0, 1, most):
        groups = nested(sample(rows, rows), rows)
        for version in ("1.0", "2.0"):
            name = f"pyarrow-nested-{rows}-v{version[0]}"
            pq.write_table(groups, f"{directory}/{name}.parquet", data_page_version=version,
                           row_group_size=1300, data_page_size=2000)
            save(name, flat(groups))
        connection = duckdb.connect()
        connection.register("sample", groups)
        name = f"duckdb-nested-{rows}"
        connection.execute(f"copy sample to '{directory}/{name}.parquet' (format parquet, row_group_size 2048)")
        save(name, flat(groups))
    # In its version 2 DuckDB writes delta and split pages.
    name = "duckdb-v2"
    connection = duckdb.connect()
    connection.register("sample", table)
    connection.execute(
        f"copy sample to '{directory}/{name}.parquet' (format parquet, parquet_version v2)")
    save(name, table)


def main():
    command, *arguments = sys.argv[1:]
    if command == "dump":
        for path in arguments[1:]:
            print(*dump(arguments[0], path), sep="\n")
    elif command == "stats":
        print(*stats(arguments[0]), sep="\n")
    elif command == "write":
        write(arguments[0], int(arguments[1]))
    else:
        sys.exit(__doc__)


main()
