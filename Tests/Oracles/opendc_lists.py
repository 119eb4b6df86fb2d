"""The lists of parents and children in an OpenDC workload, as pyarrow reads them, as JSON.

usage: opendc_lists.py FOLDER
"""

import json
import sys

try:
    import pyarrow.parquet as pq
except ImportError:
    sys.exit("no pyarrow")

table = pq.read_table(f"{sys.argv[1]}/tasks.parquet")
print(json.dumps({name: table[name].to_pylist() for name in ["parents", "children"]}))
