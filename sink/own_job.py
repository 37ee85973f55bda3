"""Jobs of rq that call one function of ours, and nothing else that stands in Redis by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rq.exceptions import NoSuchJobError
from rq.job import Job


class ForeignJob(Exception):
    """A job names another function than those that are put in here: it is not called."""


class OwnJob(Job):
    """A job whose function is known before it is read; a subclass says which.

    rq calls what Redis names: a job's function; callbacks of its success, its failure and its stop, those of the
    failure also where a registry is cleaned and somebody else's job lies in it; and it tells addresses that stand in a
    job how it ended. So who may write to Redis could have anything called and anybody asked. Here none of that is
    looked at. Given as `job_class` to rq's queues and workers, which is what rq has it for.
    """

    #: the full name of the function that is called
    own_function: ClassVar[str]

    @property
    def is_own(self) -> bool:
        """Whether it was put in here. Raises what rq does of data that cannot be read."""
        return self.func_name == self.own_function and self.instance is None

    @property
    def func(self) -> Callable[..., Any]:
        """The function of this class. Raises ForeignJob for a job that names another one."""
        if not self.is_own:
            raise ForeignJob(f"job {self.id} names another function than {self.own_function}")
        found: Callable[..., Any] = super().func
        return found

    @property
    def success_callback(self) -> None:
        """None, whatever Redis says."""
        return

    @property
    def failure_callback(self) -> None:
        """None, whatever Redis says."""
        return

    @property
    def stopped_callback(self) -> None:
        """None, whatever Redis says."""
        return

    def restore(self, raw_data: Any) -> Any:
        """Raises NoSuchJobError, also for what cannot be read.

        rq passes over a job that is not there. Over all else it stumbles, and again each time that it cleans up.
        """
        try:
            return super().restore(raw_data)
        except NoSuchJobError:
            raise
        except Exception as error:
            raise NoSuchJobError(f"job {self.id} cannot be read") from error

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """Nobody is told, whatever Redis says."""


def forget(job: Job) -> None:
    """Drop a job that stands in no queue any more. Raises RedisError.

    Unlike `delete`, which takes it out of whatever the job names, a queue or a group: where that is none, it would fail
    again and again, and nobody had its turn behind it.
    """
    job.connection.delete(job.key, job.dependents_key, job.dependencies_key)
