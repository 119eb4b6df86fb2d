"""The notebooks run, and show figures."""
import os
import pathlib

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("polars")

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "python" / "notebooks"


def executed(name, seconds):
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        book, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("image/png" in out.get("data", {}) for out in outputs), "no figure"
    return outputs


def text(outputs):
    return "\n".join(out.get("data", {}).get("text/plain", "") + out.get("text", "") for out in outputs)


@pytest.mark.parametrize("name", ["dataframes", "schedulers", "sweep"])
def test_notebook(name):
    said = text(executed(name, 300))
    if name == "schedulers":
        assert "True" in said


@pytest.mark.skipif(os.environ.get("TRACEMILL_SLOW") != "1", reason="TRACEMILL_SLOW=1")
def test_training_notebook():
    pytest.importorskip("sb3_contrib")
    said = text(executed("train", 3000))
    assert "minutes of CPU" in said and "ahead of random: True" in said
    assert "reaches the shipped tuned rule: True" in said
