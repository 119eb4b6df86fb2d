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
