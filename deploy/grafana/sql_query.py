"""A query of Grafana's Postgres data source, which its SDK has no builder of; of the form that the plugin reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

#: Grafana's own plugin.
PLUGIN = "grafana-postgresql-datasource"
#: What rows are taken for: as they are, or `time`, perhaps `metric`, and values.
Form = Literal["table", "time_series"]


@dataclass
class SqlQuery(Dataquery):
    """sql: with Grafana's macros."""

    sql: str
    form: Form
    datasource: DataSourceRef
    ref_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a board."""
        return {
            "refId": self.ref_id,
            "datasource": self.datasource,
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": self.sql,
            "format": self.form,
        }


class Sql(Builder[Dataquery]):
    """Builds one."""

    def __init__(self, sql: str, form: Form, datasource: DataSourceRef) -> None:
        self._made = SqlQuery(sql, form, datasource)

    def ref_id(self, ref_id: str) -> Self:
        """Its name in the panel."""
        self._made.ref_id = ref_id
        return self

    def build(self) -> SqlQuery:
        """The query."""
        return self._made
