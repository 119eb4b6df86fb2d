"""PyTorch: an actor-critic update of the study's network with 64 decisions, on one thread."""

import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)
body = torch.nn.Sequential(torch.nn.Linear(50, 128), torch.nn.ReLU())
actor, critic = torch.nn.Linear(128, 100), torch.nn.Linear(128, 1)
parameters = [*body.parameters(), *actor.parameters(), *critic.parameters()]
adam = torch.optim.Adam(parameters, lr=1e-4)
states, actions = torch.rand(64, 50), torch.randint(0, 100, (64,))
returns, advantages = torch.rand(64), torch.randn(64)


def update():
    hidden = body(states)
    policy = torch.distributions.Categorical(logits=actor(hidden))
    value = critic(hidden).squeeze(1)
    loss = (
        -(advantages * policy.log_prob(actions)).mean()
        + 0.5 * (value - returns).pow(2).mean()
        - 0.01 * policy.entropy().mean()
    )
    adam.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    adam.step()


for _ in range(50):
    update()
count = 500
start = time.process_time()
for _ in range(count):
    update()
seconds = time.process_time() - start
print(f"PyTorch    update of 64 decisions, 50-128-100 with value: {1e6 * seconds / count:.1f} µs ({torch.__version__})")
