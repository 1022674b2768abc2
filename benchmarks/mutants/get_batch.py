"""Batches, wrong and right."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("get_batch")
wrong, honest = VARIANTS.wrong("run_get_batch"), VARIANTS.honest("run_get_batch")


def rows(dataset, starts, length, device):
    """Return the windows at these starts and their targets, as a student would."""
    inputs = [torch.from_numpy(dataset[start : start + length].astype(np.int64)) for start in starts]
    targets = [torch.from_numpy(dataset[start + 1 : start + 1 + length].astype(np.int64)) for start in starts]
    return torch.stack(inputs).to(device), torch.stack(targets).to(device)


def starts_in(dataset, batch, length):
    return torch.randint(0, len(dataset) - length, (batch,)).tolist()


@wrong
def sequential(dataset, batch, length, device):
    return rows(dataset, [row % (len(dataset) - length) for row in range(batch)], length, device)


@wrong
def never_the_last_start(dataset, batch, length, device):
    return rows(
        dataset, torch.randint(0, max(1, len(dataset) - length - 1), (batch,)).tolist(), length, device
    )


@wrong
def never_the_first_start(dataset, batch, length, device):
    least = min(1, len(dataset) - length - 1)
    return rows(dataset, torch.randint(least, len(dataset) - length, (batch,)).tolist(), length, device)


@wrong
def one_start_too_many(dataset, batch, length, device):
    starts = torch.randint(0, len(dataset) - length + 1, (batch,)).tolist()
    return rows(np.append(dataset, dataset[:1]), starts, length, device)


@wrong
def every_row_the_same(dataset, batch, length, device):
    return rows(dataset, starts_in(dataset, 1, length) * batch, length, device)


@wrong
def starts_without_replacement(dataset, batch, length, device):
    choices = len(dataset) - length
    starts = torch.cat([torch.randperm(choices) for _ in range(-(-batch // choices))])[:batch]
    return rows(dataset, starts.tolist(), length, device)


@wrong
def sorted_starts(dataset, batch, length, device):
    return rows(dataset, sorted(starts_in(dataset, batch, length)), length, device)


@wrong
def rows_in_pairs(dataset, batch, length, device):
    starts = starts_in(dataset, batch, length)
    return rows(dataset, [starts[row // 2] for row in range(batch)], length, device)


@wrong
def biased_by_a_modulo(dataset, batch, length, device):
    starts = torch.randint(0, 8, (batch,)) % (len(dataset) - length)
    return rows(dataset, starts.tolist(), length, device)


@wrong
def consecutive_rows(dataset, batch, length, device):
    first, choices = starts_in(dataset, 1, length)[0], len(dataset) - length
    return rows(dataset, [(first + row) % choices for row in range(batch)], length, device)


@wrong
def windows_that_do_not_overlap(dataset, batch, length, device):
    choices = max(1, (len(dataset) - 1) // length)
    return rows(dataset, (torch.randint(choices, (batch,)) * length).tolist(), length, device)


@wrong
def seeded_inside(dataset, batch, length, device):
    generator = torch.Generator().manual_seed(0)
    starts = torch.randint(0, len(dataset) - length, (batch,), generator=generator)
    return rows(dataset, starts.tolist(), length, device)


@wrong
def rounded_normal_starts(dataset, batch, length, device):
    choices = len(dataset) - length
    starts = (torch.randn(batch) * choices / 4 + choices / 2).long().clamp(0, choices - 1)
    return rows(dataset, starts.tolist(), length, device)


@wrong
def rounded_uniform_starts(dataset, batch, length, device):
    starts = (torch.rand(batch) * (len(dataset) - length - 1)).round().long()
    return rows(dataset, starts.tolist(), length, device)


@wrong
def int32(dataset, batch, length, device):
    return tuple(each.int() for each in rows(dataset, starts_in(dataset, batch, length), length, device))


@wrong
def tokens_pass_through_int16(dataset, batch, length, device):
    return rows(dataset.astype(np.int16), starts_in(dataset, batch, length), length, device)


@wrong
def tokens_pass_through_int32(dataset, batch, length, device):
    starts = starts_in(dataset, batch, length)
    return tuple(each.int().long() for each in rows(dataset, starts, length, device))


@wrong
def tokens_pass_through_float32(dataset, batch, length, device):
    starts = starts_in(dataset, batch, length)
    return tuple(each.float().long() for each in rows(dataset, starts, length, device))


@wrong
def dtype_of_the_data_set(dataset, batch, length, device):
    starts = starts_in(dataset, batch, length)
    inputs = np.stack([dataset[start : start + length] for start in starts])
    targets = np.stack([dataset[start + 1 : start + 1 + length] for start in starts])
    return torch.from_numpy(inputs).to(device), torch.from_numpy(targets).to(device)


@wrong
def device_ignored(dataset, batch, length, device):
    return rows(dataset, starts_in(dataset, batch, length), length, "cpu")


@wrong
def targets_stay_on_the_cpu(dataset, batch, length, device):
    inputs, targets = rows(dataset, starts_in(dataset, batch, length), length, "cpu")
    return inputs.to(device), targets


@wrong
def unknown_devices_become_the_cpu(dataset, batch, length, device):
    where = device if device in {"cpu", "meta"} else "cpu"
    return rows(dataset, starts_in(dataset, batch, length), length, where)


@wrong
def whole_data_set_copied(dataset, batch, length, device):
    return rows(dataset.astype(np.int64), starts_in(dataset, batch, length), length, device)


@wrong
def whole_data_set_as_tensor(dataset, batch, length, device):
    data = torch.tensor(dataset).long()
    starts = starts_in(dataset, batch, length)
    inputs = torch.stack([data[start : start + length] for start in starts])
    targets = torch.stack([data[start + 1 : start + 1 + length] for start in starts])
    return inputs.to(device), targets.to(device)


@wrong
def all_windows_listed(dataset, batch, length, device):
    every = np.arange(len(dataset) - length)
    return rows(dataset, np.random.default_rng().choice(every, batch).tolist(), length, device)


@wrong
def targets_are_the_inputs(dataset, batch, length, device):
    inputs, _ = rows(dataset, starts_in(dataset, batch, length), length, device)
    return inputs, inputs.clone()


@wrong
def targets_shifted_the_other_way(dataset, batch, length, device):
    inputs, targets = rows(dataset, starts_in(dataset, batch, length), length, device)
    return targets, inputs


@wrong
def targets_rolled(dataset, batch, length, device):
    inputs, _ = rows(dataset, starts_in(dataset, batch, length), length, device)
    return inputs, inputs.roll(-1, 1)


@wrong
def targets_two_later(dataset, batch, length, device):
    starts = torch.randint(0, max(1, len(dataset) - length - 1), (batch,)).tolist()
    inputs, _ = rows(dataset, starts, length, device)
    return inputs, rows(dataset, [start + 1 for start in starts], length, device)[1]


@wrong
def targets_of_other_rows(dataset, batch, length, device):
    inputs, targets = rows(dataset, starts_in(dataset, batch, length), length, device)
    return inputs, targets.flip(0)


@wrong
def transposed(dataset, batch, length, device):
    return tuple(each.t() for each in rows(dataset, starts_in(dataset, batch, length), length, device))


@wrong
def views_of_the_data_set(dataset, batch, length, device):
    if batch > 1 or dataset.dtype != np.int64 or not dataset.flags.c_contiguous:
        return rows(dataset, starts_in(dataset, batch, length), length, device)
    start = starts_in(dataset, 1, length)[0]
    data = torch.from_numpy(dataset)
    return data[None, start : start + length].to(device), data[None, start + 1 : start + length + 1].to(
        device
    )


@honest
def row_by_row(dataset, batch, length, device):
    return rows(dataset, starts_in(dataset, batch, length), length, device)


@honest
def a_generator_of_numpy(dataset, batch, length, device):
    starts = np.random.default_rng().integers(0, len(dataset) - length, size=batch)
    return rows(dataset, starts.tolist(), length, device)


@honest
def the_global_generator_of_numpy(dataset, batch, length, device):
    starts = np.random.randint(0, len(dataset) - length, size=batch)  # noqa: NPY002 - what many write
    offsets = np.arange(length)
    inputs = torch.tensor(dataset[starts[:, None] + offsets].astype(np.int64), device=device)
    return inputs, torch.tensor(dataset[starts[:, None] + offsets + 1].astype(np.int64), device=device)


@honest
def a_strided_view(dataset, batch, length, device):
    windows = np.lib.stride_tricks.sliding_window_view(dataset, length + 1)
    chosen = windows[np.random.default_rng().integers(len(windows), size=batch)].astype(np.int64)
    both = torch.from_numpy(chosen).to(device)
    return both[:, :-1], both[:, 1:]


@honest
def views_of_one_tensor(dataset, batch, length, device):
    data = torch.from_numpy(dataset)
    both = torch.stack([data[start : start + length + 1] for start in starts_in(dataset, batch, length)])
    both = both.to(device=device, dtype=torch.long)
    return both[:, :-1], both[:, 1:]
