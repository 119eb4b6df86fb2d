"""The study's workload in vectorised NumPy: columns of a million tasks at a time, summed up."""

import sys
import time

import numpy as np

total = int(sys.argv[1])
rng = np.random.Generator(np.random.Philox(1))
factors = np.array([1.5, 3.0, 5.0])
start = time.process_time()
clock = work = memory_sum = allowance = 0.0
done = 0
while done < total:
    n = min(1_000_000, total - done)
    submit = clock + np.cumsum(rng.exponential(2.0, n))
    run = np.minimum((rng.pareto(2.5, n) + 1) * 10, 500)
    cpu = np.clip(rng.lognormal(0.5, 0.8, n), 0.5, 8)
    memory = np.clip(rng.lognormal(2.0, 1.0, n), 1, 32)
    kind = np.searchsorted([0.25, 0.85], rng.random(n), side="right")
    deadline = submit + factors[kind] * run
    # To the fixed point that a record holds.
    columns = [
        np.rint(x * scale).astype(np.int64)
        for x, scale in ((submit, 1e6), (run, 1e6), (cpu, 1e9), (memory, 2.0**30), (deadline, 1e6))
    ]
    clock = submit[-1]
    work += float(np.dot(columns[1], columns[2].astype(float))) / 1e15
    memory_sum += float(columns[3].sum()) / 2.0**30
    allowance += float((columns[4] - columns[0]).sum()) / 1e6
    done += n
seconds = time.process_time() - start
print(
    f"NumPy     {total / seconds / 1e6:10.2f} M records/CPU-s  ({total} tasks, "
    f"mean work {work / total:.3f} core-s, mean memory {memory_sum / total:.3f} GiB)"
)
