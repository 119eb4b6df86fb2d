"""SimPy on the queue workload: simpy_queue.py FILE HOSTS CORES. Prints tasks, CPU seconds, mean
completion and last finish."""

import sys
import time

import simpy


def main():
    path, hosts, cores = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path) as lines:
        tasks = [tuple(map(float, line.split(","))) for line in lines]
    env = simpy.Environment()
    machines = [simpy.Resource(env, capacity=cores) for _ in range(hosts)]
    total = 0.0
    last = 0.0

    def task(machine, duration):
        nonlocal total, last
        arrival = env.now
        with machine.request() as request:
            yield request
            yield env.timeout(duration)
        total += env.now - arrival
        last = env.now

    def arrivals():
        for index, (arrival, duration) in enumerate(tasks):
            yield env.timeout(arrival - env.now)
            env.process(task(machines[index % hosts], duration))

    env.process(arrivals())
    start = time.process_time()
    env.run()
    seconds = time.process_time() - start
    print(f"{len(tasks)} {seconds:.6f} {total / len(tasks):.4f} {last:.2f}")


main()
