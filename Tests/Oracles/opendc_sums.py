"""What an OpenDC workload adds up to, by DuckDB. Prints JSON.

usage: opendc_sums.py FOLDER
"""

import json
import sys

import duckdb

tasks, fragments = (f"{sys.argv[1]}/{name}.parquet" for name in ["tasks", "fragments"])
of_tasks = duckdb.sql(f"""
    SELECT count(*), sum(submission_time), sum(duration), sum(cpu_count), sum(mem_capacity) FROM '{tasks}'
""").fetchall()[0]
of_fragments = duckdb.sql(f"""
    SELECT count(*), sum(f.duration), sum(f.cpu_usage / t.cpu_capacity * t.cpu_count * f.duration)
    FROM '{fragments}' f JOIN '{tasks}' t USING (id)
""").fetchall()[0]
names = ["tasks", "submissions", "durations", "cores", "memory", "fragments", "lengths", "core milliseconds"]
print(json.dumps(dict(zip(names, of_tasks + of_fragments, strict=True)), default=float))
