"""Which implementations, devices and dtypes a test runs with."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from pytest_bolt import fixtures
from pytest_bolt.adapters import Adapter, bundled, distinct_names, loaded
from pytest_bolt.errors import BoltError
from pytest_bolt.items import marker_value

if TYPE_CHECKING:
    import torch

DEFAULT_DTYPES = ("float32", "bfloat16")
_DTYPES = ("float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
_SHORT = {
    "fp64": "float64",
    "fp32": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "f64": "float64",
    "f32": "float32",
    "f16": "float16",
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "fp8": "float8_e4m3fn",
}


def generate(
    metafunc: pytest.Metafunc,
    *,
    adapters: Sequence[Adapter | Path | str] = (),
    devices: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    seeds: Sequence[int] = (),
) -> None:
    """Parametrise `impl`, `device`, `dtype` and `seed` where a test asks for our fixtures of these names.

    Arguments:
        metafunc: what pytest hands to `pytest_generate_tests`.
        adapters: given by the user, loaded or as paths; without any, those that ship with the suites.
        devices: names such as `cpu`, `cuda:0` or `cuda`; without any, all that the machine has.
        dtypes: names such as `float32` or `bf16`; without any, float32 and bfloat16.
        seeds: of the inputs; without any, the fixture's own.

    Raises:
        BoltError: an unknown device or dtype, one that the machine lacks, or no implementation at all.
    """
    if _ours(metafunc, "impl"):
        implementations = _implementations(metafunc, adapters)
        names = distinct_names(implementations)
        named = [replace(each, name=name) for each, name in zip(implementations, names, strict=True)]
        _parametrise(metafunc, "impl", {each.name: each for each in named})
    if _ours(metafunc, "device"):
        _parametrise(metafunc, "device", _devices(devices))
    if _ours(metafunc, "dtype"):
        _parametrise(metafunc, "dtype", _dtypes(dtypes, _marked(metafunc, "dtypes")))
    if seeds and _ours(metafunc, "seed"):
        _parametrise(metafunc, "seed", {f"seed{seed}": seed for seed in seeds})


def check_matrix(adapters: Sequence[Path], devices: Sequence[str], dtypes: Sequence[str]) -> None:
    """Raise BoltError for an adapter that cannot be loaded, or an unknown device or dtype."""
    for adapter in adapters:
        loaded(adapter)
    if devices:
        resolve_devices(devices)
    resolve_dtypes(dtypes)


def check_operations(items: Sequence[pytest.Item]) -> None:
    """Skip selected tests that name an operation which an adapter given by the user lacks.

    Raises BoltError where the adapter has none of what is asked of it, or seems to have it misspelt.
    """
    asked: dict[Path, dict[str, list[pytest.Item]]] = {}
    adapters: dict[Path, Adapter] = {}
    for item in items:
        call = getattr(item, "callspec", None)
        adapter = call.params.get("impl") if call is not None else None
        operation = marker_value(item, "operation")
        if isinstance(adapter, Adapter) and not adapter.bundled and operation and not _is_skipped(item):
            adapters[adapter.path] = adapter
            asked.setdefault(adapter.path, {}).setdefault(operation, []).append(item)
    for path, operations in asked.items():
        adapters[path].check({name: tests[0].nodeid for name, tests in operations.items()})
        for name in (name for name in operations if not adapters[path].provides(name)):
            for item in operations[name]:
                item.add_marker(pytest.mark.skip(reason=adapters[path].lacks(name)))


def _is_skipped(item: pytest.Item) -> bool:
    """Return whether a mark leaves the test out; a condition that cannot be read is the test's affair."""
    try:
        return evaluate_skip_marks(item) is not None
    except pytest.fail.Exception:
        return False


def available_devices() -> tuple[str, ...]:
    """Return the names of all devices of this machine: `cpu`, `cuda:0`, ..., `mps`, `xpu:0`, ...."""
    import torch

    names = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        names.append("mps")
    if hasattr(torch, "xpu"):
        names.extend(f"xpu:{index}" for index in range(torch.xpu.device_count()))
    return tuple(names)


def resolve_devices(names: Sequence[str]) -> tuple[str, ...]:
    """Return full device names; `cuda` stands for every `cuda:N` of the machine.

    Raises:
        BoltError: the machine has no such device.
    """
    present = available_devices()
    chosen: dict[str, None] = {}
    for name in names:
        found = [each for each in present if name in (each, each.split(":")[0])]
        if not found:
            near = difflib.get_close_matches(name, present, n=1)
            advice = f"did you mean {near[0]}?" if near else "leave the option out to use every device"
            raise BoltError(
                "no such device",
                seen={"asked for": name, "this machine has": ", ".join(present)},
                advice=advice,
            )
        chosen.update(dict.fromkeys(found))
    return tuple(chosen)


def resolve_dtypes(names: Sequence[str]) -> tuple[str, ...]:
    """Return full dtype names: `bf16` is `bfloat16`.

    Raises:
        BoltError: there is no such floating-point dtype.
    """
    chosen: dict[str, None] = {}
    for name in names:
        full = _SHORT.get(name.lower(), name.lower()).removeprefix("torch.")
        if full not in _DTYPES:
            near = difflib.get_close_matches(full, (*_DTYPES, *_SHORT), n=1)
            raise BoltError(
                "unknown dtype",
                seen={"asked for": name, "known": ", ".join((*_DTYPES, *_SHORT))},
                advice=f"did you mean {near[0]}?" if near else None,
            )
        chosen[full] = None
    return tuple(chosen)


def _implementations(metafunc: pytest.Metafunc, adapters: Sequence[Adapter | Path | str]) -> list[Adapter]:
    if adapters:
        return [each if isinstance(each, Adapter) else loaded(Path(each)) for each in adapters]
    operation = marker_value(metafunc.definition, "operation")
    shipped = bundled(metafunc.module.__package__ or "")
    found = [each for each in shipped if operation is None or each.provides(operation)]
    if not found:
        raise BoltError(
            "no implementation to test",
            seen={
                "test": metafunc.definition.nodeid,
                "operation": operation or "not named by a marker",
                "shipped adapters": ", ".join(each.name for each in shipped) or "none",
            },
            advice="give one with --bolt-adapter=FILE",
        )
    return found


def _devices(asked: Sequence[str]) -> Mapping[str, torch.device]:
    import torch

    names = resolve_devices(asked) if asked else available_devices()
    return {name: torch.device(name) for name in names}


def _dtypes(asked: Sequence[str], allowed: Sequence[str] | None) -> Mapping[str, torch.dtype]:
    import torch

    narrowed = None if allowed is None else resolve_dtypes(allowed)
    names = resolve_dtypes(asked) if asked else (narrowed or DEFAULT_DTYPES)
    if narrowed is not None:
        names = tuple(name for name in names if name in narrowed)
    return {name: getattr(torch, name) for name in names}


def _parametrise(metafunc: pytest.Metafunc, name: str, values: Mapping[str, Any]) -> None:
    metafunc.parametrize(name, list(values.values()), ids=list(values), indirect=True)


def _ours(metafunc: pytest.Metafunc, name: str) -> bool:
    """Return whether the test asks for our fixture of that name and does not parametrise it itself.

    Whoever defines a fixture of the same name, in a conftest or a module, wins.
    """
    if name not in metafunc.fixturenames:
        return False
    definitions = metafunc.definition._fixtureinfo.name2fixturedefs.get(name, ())  # noqa: SLF001 - as pytest does
    if not definitions or definitions[-1].func.__module__ != fixtures.__name__:
        return False
    direct = metafunc.definition.iter_markers("parametrize")
    return not any(name in _argument_names(marker) for marker in direct)


def _argument_names(parametrize: pytest.Mark) -> list[str]:
    names = parametrize.args[0] if parametrize.args else parametrize.kwargs.get("argnames", ())
    return [str(name).strip() for name in (names.split(",") if isinstance(names, str) else names)]


def _marked(metafunc: pytest.Metafunc, key: str) -> Sequence[str] | None:
    value = marker_value(metafunc.definition, key)
    return (value,) if isinstance(value, str) else value
