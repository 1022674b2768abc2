"""Checkpoints: a run goes on as if it had never stopped, from a path or a stream."""

from __future__ import annotations

import io
import os
import pathlib

import pytest
import torch

from .runs import OPTIMIZERS, assert_equal, new_run, states, train

pytestmark = [
    pytest.mark.bolt(operation="run_save_checkpoint"),
    pytest.mark.filterwarnings("ignore"),
]


class Anywhere(os.PathLike[str]):
    """A path that is neither text nor a `Path`."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


def through_path(kind):
    """Return a way to save and load by a path of that kind."""

    def way(impl, folder, saved, loaded, iteration):
        path = kind(folder / "checkpoint.pt")
        impl.run_save_checkpoint(*saved, iteration, path)
        return impl.run_load_checkpoint(path, *loaded)

    return way


def through_memory(impl, _folder, saved, loaded, iteration):
    """Save and load by a stream in memory."""
    stream = io.BytesIO()
    impl.run_save_checkpoint(*saved, iteration, stream)
    assert not stream.closed, "the caller's stream was closed"
    stream.seek(0)
    return impl.run_load_checkpoint(stream, *loaded)


def through_files(impl, folder, saved, loaded, iteration):
    """Save and load by open files, each only written or only read."""
    with (folder / "checkpoint.pt").open("wb") as file:
        impl.run_save_checkpoint(*saved, iteration, file)
    with (folder / "checkpoint.pt").open("rb") as file:
        return impl.run_load_checkpoint(file, *loaded)


WAYS = {
    "str": through_path(str),
    "Path": through_path(pathlib.Path),
    "PathLike": through_path(Anywhere),
    "memory": through_memory,
    "files": through_files,
}


@pytest.mark.parametrize("way", WAYS)
def test_goes_on_as_if_never_stopped(impl, device, seed, tmp_path, way):
    run = new_run(100 * seed + 1, device=device)
    train(run, 0, 3, seed)
    other = new_run(100 * seed + 2, device=device)
    train(other, 50, 1, seed)
    assert WAYS[way](impl, tmp_path, run, other, 3) == 3
    assert_equal(states(*other), states(*run))
    assert train(run, 3, 4, seed) == train(other, 3, 4, seed)
    assert_equal(states(*other), states(*run))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_any_optimizer(impl, device, seed, kind):
    run = new_run(100 * seed + 3, kind, device)
    train(run, 0, 3, seed)
    other = new_run(100 * seed + 4, kind, device)
    through_memory(impl, None, run, other, 3)
    train(run, 3, 2, seed)
    train(other, 3, 2, seed)
    assert_equal(states(*other), states(*run))


@pytest.mark.parametrize("iteration", [0, 1, 123456789012])
def test_the_iteration_comes_back(impl, seed, iteration):
    run, other = new_run(seed), new_run(seed + 1)
    found = through_memory(impl, None, run, other, iteration)
    assert type(found) is int
    assert found == iteration


def test_a_run_that_has_not_begun(impl, seed):
    run, other = new_run(100 * seed + 5), new_run(100 * seed + 6)
    train(other, 0, 2, seed)
    through_memory(impl, None, run, other, 0)
    assert_equal(states(*other), states(*run))
    train(run, 0, 2, seed)
    train(other, 0, 2, seed)
    assert_equal(states(*other), states(*run))


def test_a_changed_learning_rate_comes_back(impl, seed):
    run, other = new_run(seed, "groups"), new_run(seed, "groups")
    for group in run[1].param_groups:
        group["lr"] *= 0.125
    train(run, 0, 2, seed)
    through_memory(impl, None, run, other, 2)
    rates = [group["lr"] for group in run[1].param_groups]
    assert [group["lr"] for group in other[1].param_groups] == rates


def test_saving_changes_nothing(impl, seed, tmp_path):
    run = new_run(100 * seed + 7)
    train(run, 0, 2, seed)
    before, drawn = states(*run), torch.random.get_rng_state()
    impl.run_save_checkpoint(*run, 2, tmp_path / "a.pt")
    assert_equal(states(*run), before)
    assert run[0].training
    assert torch.equal(torch.random.get_rng_state(), drawn)


def test_a_checkpoint_is_of_the_moment_it_was_taken(impl, seed, tmp_path):
    run, other = new_run(100 * seed + 8), new_run(100 * seed + 9)
    train(run, 0, 2, seed)
    before = states(*run)
    impl.run_save_checkpoint(*run, 2, tmp_path / "a.pt")
    train(run, 2, 2, seed)
    for _ in range(2):
        assert impl.run_load_checkpoint(tmp_path / "a.pt", *other) == 2
        assert_equal(states(*other), before)
        train(other, 2, 1, seed)


def test_two_checkpoints_are_two_files(impl, seed, tmp_path):
    run, other = new_run(100 * seed + 10), new_run(100 * seed + 11)
    seen = []
    for step in range(2):
        train(run, step, 1, seed)
        seen.append(states(*run))
        impl.run_save_checkpoint(*run, step + 1, tmp_path / f"{step}.pt")
    for step in range(2):
        assert impl.run_load_checkpoint(tmp_path / f"{step}.pt", *other) == step + 1
        assert_equal(states(*other), seen[step])


def test_a_later_checkpoint_replaces_an_earlier(impl, seed, tmp_path):
    path = tmp_path / "überall und nirgends.ckpt"
    run, other = new_run(100 * seed + 12), new_run(100 * seed + 13)
    for step in range(2):
        train(run, step, 1, seed)
        impl.run_save_checkpoint(*run, step + 1, str(path))
    assert impl.run_load_checkpoint(str(path), *other) == 2
    assert_equal(states(*other), states(*run))


def test_loading_keeps_the_parameters_that_the_optimizer_holds(impl, seed):
    run, other = new_run(100 * seed + 14), new_run(100 * seed + 15)
    train(run, 0, 2, seed)
    held = [id(parameter) for parameter in other[0].parameters()]
    addresses = [parameter.data_ptr() for parameter in other[0].parameters()]
    through_memory(impl, None, run, other, 2)
    assert [id(parameter) for parameter in other[0].parameters()] == held
    assert [parameter.data_ptr() for parameter in other[0].parameters()] == addresses


def test_the_file_holds_no_objects(impl, seed, tmp_path):
    """It loads where running a stranger's code is not allowed, and where the model's class is unknown."""
    run = new_run(100 * seed + 16)
    train(run, 0, 2, seed)
    impl.run_save_checkpoint(*run, 2, tmp_path / "a.pt")
    assert torch.load(tmp_path / "a.pt", weights_only=True) is not None


def test_tensors_of_several_dtypes(impl, seed):
    def made(number):
        model = torch.nn.ParameterDict(
            {
                "narrow": torch.full((3,), 0.1 + number, dtype=torch.bfloat16),
                "wide": torch.full((2,), 0.1 + number, dtype=torch.float64),
                "none": torch.zeros(0, 4),
                "turned": torch.arange(12.0).reshape(3, 4).t() + number,
            }
        )
        return model, torch.optim.SGD(model.parameters(), lr=0.1)

    run, other = made(seed), made(seed + 1)
    through_memory(impl, None, run, other, 1)
    assert_equal(states(*other), states(*run))


def saved(impl, seed, path):
    """Save a run that has begun and return it."""
    run = new_run(seed)
    train(run, 0, 2)
    impl.run_save_checkpoint(*run, 2, path)
    return run


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_not_whole_is_an_error(impl, seed, tmp_path, share):
    path = tmp_path / "a.pt"
    saved(impl, seed, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(Exception):  # noqa: B017, PT011 - each format has its own
        impl.run_load_checkpoint(path, *new_run(seed))


def test_a_file_that_is_not_there_is_an_error(impl, seed, tmp_path):
    saved(impl, seed, tmp_path / "a.pt")
    with pytest.raises(FileNotFoundError):
        impl.run_load_checkpoint(tmp_path / "b.pt", *new_run(seed))


def test_a_checkpoint_of_another_model_is_an_error(impl, seed, tmp_path):
    saved(impl, seed, tmp_path / "a.pt")
    for other in (torch.nn.Linear(6, 8), torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))):
        with pytest.raises(Exception):  # noqa: B017, PT011 - the state dict decides
            impl.run_load_checkpoint(tmp_path / "a.pt", other, torch.optim.SGD(other.parameters(), lr=0.1))


def test_the_judge_of_states_can_fail():
    run, other = new_run(0), new_run(0)
    for each in (run, other):
        train(each, 0, 1)
    assert_equal(states(*other), states(*run))
    other[1].param_groups[0]["lr"] *= 2
    with pytest.raises(AssertionError, match="lr"):
        assert_equal(states(*other), states(*run))
    train(other, 1, 1)
    with pytest.raises(AssertionError):
        assert_equal(states(*other), states(*run))
