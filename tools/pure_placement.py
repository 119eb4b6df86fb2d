"""The placement game in pure Python: what tools/bench-python compares the environments with.

Tasks of fixed run times, one queue first come first served, machines that hold any number of tasks; the
observation, the mask and the reward are those of tracemill/Placement-v0. For tasks without estimates, deadlines
or failures: a test of tools/bench-python is that first fit waits as long as in the simulator.
"""

import collections
import heapq

import gymnasium
import numpy


class PurePlacementEnv(gymnasium.Env):
    """`tasks` are (submit, run, cpu, memory, class) in s, cores, bytes; `machines` (cpu, memory, speed)."""

    def __init__(self, tasks, machines, reward_scale=0.01):
        self.tasks, self.machines, self.scale = tasks, machines, reward_scale
        self.most_cpu = max(cpu for cpu, _, _ in machines)
        self.most_memory = max(memory for _, memory, _ in machines)
        self.fastest = max(speed for *_, speed in machines)
        self.whole = sum(cpu for cpu, _, _ in machines)
        features = 8 + 8 * len(machines)
        self.observation_space = gymnasium.spaces.Box(0, numpy.inf, (features,), numpy.float32)
        self.action_space = gymnasium.spaces.Discrete(len(machines) + 1)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.free_cpu = [cpu for cpu, _, _ in self.machines]
        self.free_memory = [memory for _, memory, _ in self.machines]
        self.running = [0] * len(self.machines)
        self.queue, self.ends = collections.deque(), []
        self.next, self.now, self.waited = 0, 0.0, 0.0
        self._advance(False)
        return self._observe(), {"action_mask": self.mask}

    def _advance(self, waits):
        """To the next decision: something waits, and something has changed since it was left waiting."""
        while True:
            if self.queue and not waits:
                return True
            arrival = self.tasks[self.next][0] if self.next < len(self.tasks) else float("inf")
            end = self.ends[0][0] if self.ends else float("inf")
            if arrival == end == float("inf"):
                return False
            if end <= arrival:
                self.now, machine, cpu, memory, wait = heapq.heappop(self.ends)
                self.free_cpu[machine] += cpu
                self.free_memory[machine] += memory
                self.running[machine] -= 1
                self.waited += wait
            else:
                self.now = arrival
                self.queue.append(self.tasks[self.next])
                self.next += 1
                if waits and len(self.queue) > 1:
                    continue
            waits = False

    def _observe(self):
        row = numpy.zeros(self.observation_space.shape, numpy.float32)
        mask = numpy.zeros(len(self.machines) + 1, numpy.uint8)
        mask[-1] = 1
        self.mask = mask
        if not self.queue:
            return row
        submit, _, cpu, memory, kind = self.queue[0]
        wait = self.now - submit
        row[0], row[1] = cpu / self.most_cpu, memory / self.most_memory
        row[3], row[4], row[5] = wait / (wait + 100), 1, kind / 5
        row[6] = 1 - sum(self.free_cpu) / self.whole
        place = 8
        for machine, (_, _, speed) in enumerate(self.machines):
            takes = self.free_cpu[machine] >= cpu and self.free_memory[machine] >= memory
            running = self.running[machine]
            row[place : place + 8] = (
                1, self.free_cpu[machine] / self.most_cpu, self.free_memory[machine] / self.most_memory,
                speed / self.fastest, running / (running + 10), 0, takes, 0,
            )  # fmt: skip
            mask[machine] = takes
            place += 8
        return row

    def step(self, action):
        waits = True
        if action < len(self.machines) and self.mask[action]:
            submit, run, cpu, memory, _ = self.queue.popleft()
            self.free_cpu[action] -= cpu
            self.free_memory[action] -= memory
            self.running[action] += 1
            end = self.now + run / self.machines[action][2]
            heapq.heappush(self.ends, (end, action, cpu, memory, self.now - submit))
            waits = False
        self.waited = 0.0
        over = not self._advance(waits)
        reward = -self.waited * self.scale
        return self._observe(), reward, over, False, {"action_mask": self.mask}
