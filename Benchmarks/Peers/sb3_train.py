"""stable-baselines3: PPO on 50 inputs and 100 choices in an environment that costs nothing, on one thread."""

import time

import gymnasium
import numpy as np
import stable_baselines3
import torch
from stable_baselines3 import PPO


class Free(gymnasium.Env):
    """Observations from a table: all time is the library's."""

    observation_space = gymnasium.spaces.Box(-5, 5, (50,), np.float32)
    action_space = gymnasium.spaces.Discrete(100)

    def __init__(self):
        self.table = np.random.default_rng(1).random((1024, 50), dtype=np.float32)
        self.step_number = 0

    def reset(self, *, seed=None, options=None):
        self.step_number = 0
        return self.table[0], {}

    def step(self, action):
        self.step_number += 1
        return self.table[self.step_number % 1024], float(action) / 100, self.step_number % 1000 == 0, False, {}


torch.set_num_threads(1)
for name, settings in [
    ("its own settings", {}),
    ("3 epochs, minibatches of 2,000", {"n_epochs": 3, "n_steps": 6000, "batch_size": 2000}),
]:
    model = PPO("MlpPolicy", Free(), policy_kwargs={"net_arch": [128]}, device="cpu", seed=1, **settings)
    steps = model.n_steps
    start = time.process_time()
    model.learn(steps)
    seconds = time.process_time() - start
    print(f"stable-baselines3 {stable_baselines3.__version__}  PPO, {name}: {steps / seconds:.0f} steps/CPU-s")
