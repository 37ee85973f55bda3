"""A model of a Redis or Valkey server, as far as the product asks anything of one: no threads, no clock of its own."""

from tests.simulation.redis.client import Client
from tests.simulation.redis.ids import Id
from tests.simulation.redis.model import ModelRedis
from tests.simulation.redis.resp import Requests, decode

__all__ = ["Client", "Id", "ModelRedis", "Requests", "decode"]
