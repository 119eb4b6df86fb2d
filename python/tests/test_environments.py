"""Conformance and determinism of the environments."""
import warnings

import pytest

numpy = pytest.importorskip("numpy")
gymnasium = pytest.importorskip("gymnasium")

import tracemill as tm
from tracemill.envs import NativeEnvironments

RULES = {"workload": "study:tasks=120,load=0.9", "cluster": "study:6"}


@pytest.mark.parametrize("name", ["tracemill/Placement-v0", "tracemill/Dispatch-v0"])
@pytest.mark.parametrize("candidates", [None, 4])
def test_gymnasium_check(name, candidates):
    from gymnasium.utils.env_checker import check_env

    env = gymnasium.make(name, candidates=candidates, **RULES).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)


def play(env, seed, choose):
    observation, info = env.reset(seed=seed)
    steps = [observation]
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, info = env.step(choose(info["action_mask"]))
        steps.append(observation)
        total += reward
        over = terminated or truncated
    return numpy.concatenate(steps), total


@pytest.mark.parametrize("name", ["tracemill/Placement-v0", "tracemill/Dispatch-v0"])
def test_whole_episodes_are_determined_by_the_seed(name):
    first = play(gymnasium.make(name, **RULES), 5, numpy.argmax)
    again = play(gymnasium.make(name, **RULES), 5, numpy.argmax)
    other = play(gymnasium.make(name, **RULES), 6, numpy.argmax)
    assert (first[0] == again[0]).all() and first[1] == again[1]
    assert first[0].shape != other[0].shape or (first[0] != other[0]).any()


def test_first_fit_by_hand_is_the_simulators():
    """An episode is the run that simulate() makes with the seed."""
    scale = 0.01
    _, total = play(gymnasium.make("tracemill/Placement-v0", **RULES), 5, numpy.argmax)
    run = tm.simulate(RULES["workload"], RULES["cluster"], "first-fit", 5)
    waited = sum(run.tasks.to_dict()["wait_us"]) / 1e6
    assert -total / scale == pytest.approx(waited, rel=1e-4)


def test_illegal_actions_wait():
    env = gymnasium.make("tracemill/Placement-v0", **RULES).unwrapped
    _, info = env.reset(seed=1)
    illegal = 0
    for _ in range(60):
        mask = info["action_mask"]
        action = int(numpy.argmin(mask)) if not mask.all() else 0
        *_, terminated, truncated, info = env.step(action)
        if not mask.all():
            assert info["illegal"]
            illegal += 1
        if terminated or truncated:
            break
    assert illegal
    assert env.step  # an action out of range waits too
    env.reset(seed=1)
    *_, info = env.step(10**6)
    assert info["illegal"]


def test_horizon_cuts_off_and_a_finished_episode_is_refused():
    env = gymnasium.make("tracemill/Placement-v0", horizon=7, **RULES).unwrapped
    env.reset(seed=1)
    ends = [env.step(0)[2:4] for _ in range(7)]
    assert ends[-1] == (False, True) and not any(cut for _, cut in ends[:-1])
    with pytest.raises(tm.TracemillError):
        env.step(0)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_vector_is_the_single_environments(mode):
    from gymnasium.vector import AutoresetMode

    count = 5
    vector = gymnasium.make_vec(
        "tracemill/Placement-v0", num_envs=count, vectorization_mode="vector_entry_point",
        threads=2, autoreset_mode=AutoresetMode(mode), copy=True, **RULES,
    ).unwrapped
    singles = [gymnasium.make("tracemill/Placement-v0", **RULES).unwrapped for _ in range(count)]
    observations, infos = vector.reset(seed=11)
    expected = [env.reset(seed=11 + place)[0] for place, env in enumerate(singles)]
    assert (observations == numpy.array(expected)).all()
    ended = 0
    for _ in range(100):
        actions = infos["action_mask"].argmax(1)
        observations, rewards, terminated, truncated, infos = vector.step(actions)
        for place, env in enumerate(singles):
            seen, reward, over, cut, _ = env.step(actions[place])
            assert reward == rewards[place] and over == terminated[place]
            if not over:
                assert (seen == observations[place]).all()
        if terminated.any():
            ended += 1
            break
    if mode == "SameStep" and ended:
        assert infos["_final_obs"].any()
    if mode == "Disabled" and ended:
        with pytest.raises(RuntimeError):
            vector.step(actions)
        vector.reset(options={"reset_mask": terminated})


def test_arrays_of_the_caller():
    observations = numpy.zeros((3, 8 + 6 * 8), numpy.float32)
    native = NativeEnvironments("placement", 3, 1, arrays={"observations": observations}, **RULES)
    assert native.observations is observations
    native.reset([1, 2, 3])
    assert observations.any(axis=1).all()
    for wrong in (
        numpy.zeros((3, 5), numpy.float32),
        numpy.zeros((3, 56)),
        numpy.zeros((56, 3), numpy.float32).T,
        [1, 2],
    ):
        with pytest.raises(ValueError, match="observations is"):
            NativeEnvironments("placement", 3, 1, arrays={"observations": wrong}, **RULES)


def test_mistakes_are_told():
    with pytest.raises(tm.DescriptionError) as caught:
        NativeEnvironments("placement", engine={"qeue": "sjf"})
    assert caught.value.path == "engine.qeue"
    with pytest.raises(ValueError):
        NativeEnvironments("chess")


def test_pettingzoo_conformance(capsys):
    pytest.importorskip("pettingzoo")
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

    from tracemill.envs.dispatch_v0 import env as dispatch_aec
    from tracemill.envs.dispatch_v0 import parallel_env as dispatch_parallel

    api_test(dispatch_aec(**RULES), num_cycles=300)
    parallel_api_test(dispatch_parallel(**RULES), num_cycles=300)
    seed_test(lambda **options: dispatch_aec(**{**RULES, **options}), num_cycles=100)
    parallel_seed_test(lambda **options: dispatch_parallel(**{**RULES, **options}), num_cycles=100)


def test_max_cycles():
    pytest.importorskip("pettingzoo")
    from pettingzoo.test import max_cycles_test

    from tracemill.envs import dispatch_v0

    max_cycles_test(dispatch_v0)


def test_agents_that_decide_alone_conform_too():
    pytest.importorskip("pettingzoo")
    from pettingzoo.test import api_test, seed_test

    from tracemill.envs import dispatch_aec

    api_test(dispatch_aec(**RULES), num_cycles=300)
    seed_test(lambda **options: dispatch_aec(**{**RULES, **options}), num_cycles=100)


@pytest.mark.parametrize("name", ["tracemill/Placement-v0", "tracemill/Dispatch-v0"])
@pytest.mark.parametrize("observation", ["study", "candidates", "columns"])
def test_observations_conform(name, observation):
    from gymnasium.utils.env_checker import check_env

    candidates = 4 if observation == "candidates" else None
    env = gymnasium.make(name, observation=observation, candidates=candidates, **RULES).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
    shape = {"study": 50, "candidates": 4 * 32, "columns": 10 + 6 * 13}[observation]
    assert env.observation_space.shape == (shape,)


def test_columns_are_the_figures():
    env = gymnasium.make("tracemill/Placement-v0", observation="columns", **RULES).unwrapped
    observation, _ = env.reset(seed=2)
    work = tm.generate("study", tasks=120, load=0.9, cluster="study:6", seed=2).to_dict()
    assert observation[0] == numpy.float32(work["cpu_cores"][0])
    assert observation[1] == pytest.approx(work["memory_bytes"][0] / 2**30)
    machines = observation[10:].reshape(6, 13)
    listed = tm.simulate(*RULES.values(), "first-fit", 2).machines.to_dict()
    assert machines[:, 4] == pytest.approx(listed["cpu_cores"], rel=1e-6)
    assert (machines[:, 0] == machines[:, 4]).all() and (machines[:, 11] == 1).all()


def in_turns(env, machines, seed):
    """An episode in which the machines get tasks in turns; the sums of the reward and of its terms."""
    _, info = env.reset(seed=seed)
    total, terms, over, machine = 0.0, numpy.zeros(4), False, 0
    while not over:
        mask = info["action_mask"][:machines]
        while not mask[machine % machines]:
            machine += 1
        _, reward, over, _, info = env.step(machine % machines)
        machine += 1
        total += reward
        terms += list(info["reward_terms"].values())
    return total, terms


def test_the_shipped_reward_is_that_of_evaluate(tmp_path):
    """The same episode, bit by bit, and the same reward with its terms, as `tracemill evaluate` runs."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("name: small\ncluster: tiers:8\nworkload: study\nloads: [0.7]\ntasks: 150\n")
    tm.evaluate(scenario, "round-robin", seeds=3, csv=tmp_path / "rewards.csv")
    import csv

    with open(tmp_path / "rewards.csv") as file:
        rows = list(csv.DictReader(file))
    env = gymnasium.make("tracemill/Dispatch-v0", scenario=str(scenario), reward="study").unwrapped
    assert len(rows) == 3
    for row in rows:
        total, terms = in_turns(env, 8, seed=int(row["seed"]))
        tasks = int(row["tasks"])
        assert total / tasks == pytest.approx(float(row["reward"]), rel=2e-5)
        for value, name in zip(terms / tasks, ["service", "completion", "energy", "imbalance"]):
            assert value == pytest.approx(float(row[name]), rel=2e-5), name


def test_the_expected_imbalance_adds_up_to_the_true_one():
    """Of tasks that all run equally long, where estimates are true, what each adds sums to about what evaluate says."""
    rules = {"workload": "study:tasks=3000,load=0.4", "cluster": "study:20", "units": {"energy": 1.0, "variance": 1.0}}
    rules["engine"] = {"mode": "dispatch", "exactEstimates": True}
    sums = {}
    for reward in ("expected", "study"):
        env = gymnasium.make("tracemill/Placement-v0", reward=reward, **rules).unwrapped
        _, sums[reward] = in_turns(env, 20, seed=3)
    # Own parts and what others lose by them: between once and twice the variance, unless the load moves fast.
    assert 0.5 < sums["expected"][3] / sums["study"][3] < 3, sums
    assert sums["expected"][1] == pytest.approx(sums["study"][1], rel=0.2), sums


def test_to_wait_is_expected_to_be_no_better_than_the_worst_machine():
    rules = {**RULES, "reward": "expected", "units": {"energy": 1.0, "variance": 0.01}}
    env = gymnasium.make("tracemill/Placement-v0", **rules).unwrapped
    worse = 0
    for seed in range(1, 4):
        placed, waited = [], None
        for action in [*range(6), 6]:
            _, info = env.reset(seed=seed)
            for _ in range(15):
                _, _, over, _, info = env.step(int(info["action_mask"].argmax()))
            if not info["action_mask"][action]:
                continue
            _, reward, *_ = env.step(action)
            if action == 6:
                waited = reward
            else:
                placed.append(reward)
        if placed:
            worse += 1
            assert waited <= min(placed) + 1e-6, (seed, waited, placed)
    assert worse > 0


def test_a_function_rewards():
    seen = []

    def finished(ended):
        seen.extend(ended["wait_us"].tolist())
        return float((ended["outcome"] == 0).sum())

    env = gymnasium.make("tracemill/Placement-v0", reward=finished, **RULES).unwrapped
    _, total = play(env, 5, numpy.argmax)
    assert total == len(seen) == 120
    run = tm.simulate(*RULES.values(), "first-fit", 5)
    assert sum(seen) == sum(run.tasks.to_dict()["wait_us"])
    vector = gymnasium.make_vec(
        "tracemill/Placement-v0", 3, vectorization_mode="vector_entry_point", reward=finished, **RULES
    ).unwrapped
    vector.reset(seed=5)
    rewards = sum(vector.step(vector.native.masks.argmax(1))[1].copy() for _ in range(60))
    assert (rewards > 0).all()

    class Mine(Exception):
        pass

    def fails(ended):
        raise Mine

    env = gymnasium.make("tracemill/Placement-v0", reward=fails, **RULES).unwrapped
    env.reset(seed=1)
    with pytest.raises(Mine):
        env.step(0)


def test_options_at_reset():
    env = gymnasium.make("tracemill/Placement-v0", **RULES).unwrapped
    first, _ = env.reset(seed=5)
    same, _ = env.reset(options={"seed": 5})
    assert (first == same).all()
    other, _ = env.reset(seed=5, options={"workload": "study:tasks=50,load=0.5", "horizon": 3})
    ends = [env.step(0)[2:4] for _ in range(3)]
    assert ends[-1] == (False, True)
    with pytest.raises(ValueError, match="another number of machines"):
        env.reset(options={"cluster": "study:9"})
    env.reset(seed=5)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("threads", [1, 2])
def test_sent_steps_are_steps(mode, threads):
    from gymnasium.vector import AutoresetMode

    def make():
        return gymnasium.make_vec(
            "tracemill/Placement-v0", 4, vectorization_mode="vector_entry_point", threads=threads,
            autoreset_mode=AutoresetMode(mode), copy=True, **RULES,
        ).unwrapped  # fmt: skip

    stepped, sent = make(), make()
    infos = stepped.reset(seed=3)[1]
    sent.reset(seed=3)
    with pytest.raises(tm.RequestError, match="nothing was sent"):
        sent.recv()
    for _ in range(200):
        actions = infos["action_mask"].argmax(1)
        *expected, infos = stepped.step(actions)
        sent.send(actions)
        with pytest.raises(tm.RequestError, match="under way"):
            sent.native.step(actions)
        *got, _ = sent.recv()
        assert all((a == b).all() for a, b in zip(expected, got))
        if mode == "Disabled" and expected[2].any():
            break


def test_wrong_actions_are_told():
    native = NativeEnvironments("placement", 2, **RULES)
    native.reset(1)
    for wrong in ([0.5, 1.0], [1, 2, 3], ["a", "b"]):
        with pytest.raises(ValueError, match="actions are"):
            native.step(wrong)
    native.step([2**40, -7])
    assert native.illegal.all()
    with pytest.raises(ValueError, match="which has shape"):
        native.step([0, 0], numpy.ones(3, bool))
    with pytest.raises(tm.DescriptionError) as caught:
        NativeEnvironments("placement", observation="pixels", reward="gold", candidates=0)
    assert {issue.path for issue in caught.value.issues} == {"observation", "reward", "candidates"}


def test_state_has_no_age():
    pytest.importorskip("pettingzoo")
    from tracemill.envs import dispatch_parallel

    env = dispatch_parallel(**RULES)
    env.reset(seed=1)
    ages = 0
    for _ in range(100):
        deciding = env._deciding
        seen = env._seen(deciding)
        state = env.state()
        assert state.shape == seen["observation"].shape
        ages += (state != seen["observation"]).any()
        env.step({agent: int(seen["action_mask"].argmax()) for agent in env.agents})
        if not env.agents:
            break
    assert ages
