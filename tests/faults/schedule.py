"""The faults, and the order in which they come."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.pooler import Pooler

from .load import Load
from .postgres import Postgres
from .proxy import Proxy
from .server import Server

LEAST_EACH = 5
"""How often each kind comes at least."""

FLOWING = 50
"""Operations after which the load counts as flowing again."""

GAP_S = 0.3
RECOVERY_LIMIT_S = 25.0
RESTART_LIMIT_S = 90.0
"""For a worker that was killed: on a machine that is busy, Python takes its time to start."""
SHORT_OUTAGE_S = 3.0
"""Up to this, the slowest operation has its limit."""


@dataclass(frozen=True, slots=True)
class World:
    """All that can fail."""

    postgres: Postgres
    pooler: Pooler
    proxy: Proxy
    server: Server
    chance: random.Random


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: what it does, for how long things are out at most, how often it comes."""

    name: str
    strike: Callable[[World], None]
    outage_s: float
    weight: int = 1
    """How many of the faults beyond the least number are of this kind, in relation."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the faults are spread: evenly over so many operations, all before the deadline."""

    operations: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Window:
    """A fault that struck: from its beginning to that of the next one."""

    fault: Fault
    began: float
    ended: float


def _suspend(world: World) -> None:
    world.proxy.suspend(refused_s=0.2, wake_s=0.4)
    time.sleep(0.4)


def _suspend_slowly(world: World) -> None:
    world.proxy.suspend(refused_s=0.2, wake_s=2.8)
    time.sleep(2.8)


def _refuse(world: World) -> None:
    world.proxy.refuse()
    time.sleep(world.chance.uniform(0.3, SHORT_OUTAGE_S))
    world.proxy.accept()


def _reset(world: World) -> None:
    world.proxy.reset()


def _reset_repeatedly(world: World) -> None:
    for _ in range(5):
        world.proxy.reset()
        time.sleep(0.15)


def _silence(world: World) -> None:
    world.proxy.silence()
    time.sleep(world.chance.uniform(0.5, SHORT_OUTAGE_S))
    world.proxy.speak()


def _silence_long(world: World) -> None:
    world.proxy.silence()
    time.sleep(6)
    world.proxy.speak()


def _strand(world: World) -> None:
    world.proxy.silence()
    time.sleep(0.3)
    world.proxy.speak(stranded=True)


def _delay(world: World) -> None:
    world.proxy.delay(world.chance.uniform(0.02, 0.15))
    time.sleep(1.5)
    world.proxy.delay(0)


def _eat(world: World) -> None:
    world.proxy.eat(every=world.chance.randint(2, 6))
    time.sleep(0.7)
    world.proxy.eat(every=0)


def _terminate(world: World) -> None:
    world.postgres.terminate_backends()


def _restart(world: World) -> None:
    world.postgres.stop()
    time.sleep(world.chance.uniform(0, 1.5))
    world.postgres.start()


def _kill_postmaster(world: World) -> None:
    world.postgres.kill()
    time.sleep(world.chance.uniform(0, 1))
    world.postgres.start()


def _kill_backend(world: World) -> None:
    world.postgres.kill_backend()


def _kill_pooler(world: World) -> None:
    world.pooler.kill()
    time.sleep(world.chance.uniform(0, 1))
    world.pooler.start()


def _kill_worker(world: World) -> None:
    world.server.kill_worker(world.chance)


FAULTS = (
    Fault("compute suspended", _suspend, 0.6, weight=3),
    Fault("compute suspended, wakes in 3 s", _suspend_slowly, 3.0),
    Fault("connections refused", _refuse, 3.0),
    Fault("connections reset", _reset, 0.0, weight=4),
    Fault("reset five times in a row", _reset_repeatedly, 0.75),
    Fault("network silent", _silence, 3.0),
    Fault("network silent for 6 s", _silence_long, 6.0, weight=0),
    Fault("connections stranded", _strand, 6.0, weight=0),
    Fault("network slow", _delay, 0.0),
    Fault("COMMIT's reply eaten", _eat, 0.7, weight=4),
    Fault("backends terminated (57P01)", _terminate, 0.0, weight=3),
    Fault("Postgres restarted", _restart, 2.0),
    Fault("Postgres killed (-9)", _kill_postmaster, 2.0),
    Fault("a backend killed (-9)", _kill_backend, 0.5),
    Fault("PgBouncer killed (-9)", _kill_pooler, 1.2),
    Fault("a service worker killed (-9)", _kill_worker, 0.0, weight=2),
)


def shuffled(count: int, faults: tuple[Fault, ...], chance: random.Random) -> list[Fault]:
    """Draw an order of `count` faults in which each kind comes at least `LEAST_EACH` times.

    With fewer than that takes, the kinds come in turn.
    """
    chosen = [fault for _ in range(LEAST_EACH) for fault in faults]
    if count > len(chosen):
        weights = [fault.weight for fault in faults]
        more = weights if any(weights) else [1] * len(faults)
        chosen += chance.choices(faults, more, k=count - len(chosen))
    chosen = chosen[:count]
    chance.shuffle(chosen)
    return chosen


def strike(faults: list[Fault], world: World, load: Load[Any], pace: Pace) -> list[Window]:
    """Let the faults strike, one after the other, each when the load flows again.

    By then nobody waits any more for what the one before did.

    Ends early at the deadline.
    """
    windows: list[Window] = []
    for number, fault in enumerate(faults, start=1):
        began = time.monotonic()
        left_s = pace.deadline - began
        if left_s < 0:
            break
        fault.strike(world)
        load.await_everybody(RECOVERY_LIMIT_S)
        load.await_operations(load.operations() + FLOWING, RECOVERY_LIMIT_S)
        world.server.await_workers(RESTART_LIMIT_S)
        time.sleep(GAP_S)
        share_s = left_s / (len(faults) - number + 1)
        spent_s = time.monotonic() - began
        load.await_operations(pace.operations * number // len(faults), share_s - spent_s)
        windows.append(Window(fault, began, time.monotonic()))
    return windows
