"""Every pytest hook of pytest-bolt; what they do lives elsewhere and is imported when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_bolt import hookspecs
from pytest_bolt.fixtures import bolt, claim, device, dtype, impl, seed
from pytest_bolt.options import OPTIONS

if TYPE_CHECKING:
    from pytest_bolt.session import BoltSession
    from pytest_bolt.settings import Settings

__all__ = ["bolt", "claim", "device", "dtype", "impl", "seed"]

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
SESSION: pytest.StashKey[BoltSession] = pytest.StashKey()
WORKER = "bolt-worker"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register every option of the table."""
    group = parser.getgroup("bolt", "compare benchmarks with another commit")
    for option in OPTIONS:
        known: dict[str, Any] = {"dest": option.dest, "help": option.help}
        if option.metavar is None:
            known |= {"action": "store_true", "default": False}
        else:
            known |= {"metavar": option.metavar, "action": "append" if option.repeatable else "store"}
            if option.const is not None:
                known |= {"nargs": "?", "const": option.const}
        group.addoption(option.flag, **known)
        if option.ini:
            parser.addini(option.dest, option.help.replace("%%", "%"), type=option.ini_type, default=None)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks of hookspecs known."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Take the `benchmark` fixture over where this is a bolt run, before pytest-benchmark starts."""
    options = early_config.known_args_namespace
    worker = early_config.pluginmanager.hasplugin(WORKER)
    starting = (options.bolt_compare, options.bolt_baseline, options.bolt_journal)
    if worker or options.bolt_measure or options.bolt_aa or any(each is not None for each in starting):
        from pytest_bolt.takeover import take_over

        take_over(early_config)
    if not worker and options.bolt_suite:
        from pytest_bolt.bundled import suite_arguments

        free = not (options.bolt_dtype or early_config.getini("bolt_dtype"))
        args += with_usage_error(lambda: suite_arguments(options.bolt_suite, dtype=free))


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; check whatever can be checked before anything runs."""
    config.addinivalue_line(
        "markers",
        "bolt(margin, fail_on, expect, hypothesis, operation, baseline, dtypes, clock, threads, interleave, "
        "memory): benchmark settings of a test",
    )
    config.addinivalue_line(
        "markers",
        "claim(experiment, statement, expect, role, published, style): a claim, put to the proof",
    )
    given = vars(config.option)
    said = [given[option.dest] for option in OPTIONS]
    if all(value in (None, False) for value in said) or config.pluginmanager.hasplugin(WORKER):
        return
    settings = settings_in(config)
    if settings.adapter or settings.device or settings.dtype:
        from pytest_bolt.matrix import check_matrix

        with_usage_error(lambda: check_matrix(settings.adapter, settings.device, settings.dtype))
    if settings.adapter:
        _report_on_adapters(config)
    if config.option.collectonly:
        return
    if settings.active or "fail-on" in settings.typed:
        from pytest_bolt.refusals import check_settings

        skipped = bool(getattr(config.option, "benchmark_skip", False))
        with_usage_error(lambda: check_settings(settings, pyargs=config.option.pyargs, skipped=skipped))
    if not settings.active:
        return
    from pytest_bolt.session import BoltSession

    config.stash[SESSION] = with_usage_error(lambda: BoltSession.prepare(config, settings))
    config.pluginmanager.register(config.stash[SESSION], "bolt-session")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the store, the worktree and every process."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise impl, device, dtype and seed where a test asks for them."""
    if {"impl", "device", "dtype", "seed"}.isdisjoint(metafunc.fixturenames):
        return
    from pytest_bolt.matrix import generate

    if "impl" in metafunc.fixturenames:
        _report_on_adapters(metafunc.config)
    settings = settings_in(metafunc.config)
    with_usage_error(
        lambda: generate(
            metafunc,
            adapters=settings.adapter,
            devices=settings.device,
            dtypes=settings.dtype,
            seeds=settings.seeds,
        )
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Skip what an adapter given by the user does not have; refuse one that has none of what is asked."""
    config = session.config
    settings = config.stash.get(SETTINGS, None)
    if settings is not None and settings.adapter and not config.option.collectonly:
        from pytest_bolt.matrix import check_operations

        with_usage_error(lambda: check_operations(session.items))


def _report_on_adapters(config: pytest.Config) -> None:
    """Have the outcomes of tests of implementations told as such, once a run."""
    from pytest_bolt.adapter_reports import PLUGIN_NAME, AdapterReports, matrix_words

    if not config.pluginmanager.hasplugin(PLUGIN_NAME):
        config.pluginmanager.register(AdapterReports(matrix_words(config.option)), PLUGIN_NAME)


def settings_in(config: pytest.Config) -> Settings:
    """Return the settings of a run, read when they are first needed. Raises UsageError."""
    if SETTINGS not in config.stash:
        from pytest_bolt.settings import settings_of

        config.stash[SETTINGS] = with_usage_error(lambda: settings_of(vars(config.option), config.getini))
    return config.stash[SETTINGS]


def with_usage_error(work: Any) -> Any:
    """Run `work`; a BoltError becomes pytest's own usage error: one message, exit code 4."""
    from pytest_bolt.errors import BoltError

    try:
        return work()
    except BoltError as error:
        raise pytest.UsageError(error.render()) from None
