import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "python" / "examples"
sys.path.insert(0, str(EXAMPLES))


@pytest.fixture(scope="session")
def work():
    import tracemill as tm

    return tm.generate("study", tasks=600, load=0.9, cluster="study:10", seed=3)


@pytest.fixture(scope="session")
def examples():
    return EXAMPLES
