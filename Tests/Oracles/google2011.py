"""Counts a table of clusterdata-2011-2 independently of Tracemill, with the standard library alone.

Usage: google2011.py job_events|task_events FILE...   (parts in order; .csv or .csv.gz)

Prints JSON: rows, events by code, tasks, outcomes, attempts, and sums of waiting and running time
in µs as issue and format page define them: an interval counts if both its ends are real times, and
one that the end of the table cuts off counts as far as the last real time.
"""

import csv
import gzip
import json
import sys

FOREVER = 2**63 - 1
OUTCOME = {2: "evicted", 3: "failed", 4: "finished", 5: "killed", 6: "lost"}


def rows(paths):
    for path in paths:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt", newline="") as file:
            for row in csv.reader(file):
                if row and not row[0].startswith("#"):
                    yield row


def main():
    table, paths = sys.argv[1], sys.argv[2:]
    at = {"task_events": (2, 3, 5), "job_events": (2, None, 3)}[table]
    events, lives, count, last = {}, {}, 0, 0
    for row in rows(paths):
        count += 1
        time, code = int(row[0]), int(row[at[2]])
        events[code] = events.get(code, 0) + 1
        if time != FOREVER:
            last = max(last, time)
        key = (int(row[at[0]]), int(row[at[1]]) if at[1] is not None else 0)
        lives.setdefault(key, []).append((time, code))

    outcomes, attempts, waited, ran, submits = {}, 0, 0, 0, []
    for history in lives.values():
        state, since = None, None
        intervals = {"pending": 0, "running": 0}

        def close(until):
            if state in intervals and 0 < since < FOREVER and 0 < until < FOREVER:
                intervals[state] += until - since

        for time, code in history:
            if time == FOREVER or code in (7, 8):
                continue
            close(time)
            state = {0: "pending", 1: "running"}.get(code, "dead")
            since = time
            attempts += code == 1
            outcome = OUTCOME.get(code)
        if state != "dead":
            close(last)
            outcome = state
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        waited += intervals["pending"]
        ran += intervals["running"]
        submits.append(min(time for time, _ in history))
    print(json.dumps({
        "rows": count, "events": {str(k): v for k, v in sorted(events.items())},
        "tasks": len(lives), "outcomes": outcomes, "attempts": attempts, "wait_us": waited,
        "run_us": ran, "last_us": last, "submit_sum": sum(submits)}))


main()
