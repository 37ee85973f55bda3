"""The boards, each with its address in Grafana, and as the JSON that Grafana imports."""

from __future__ import annotations

import json

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.kpi_board import kpis
from deploy.grafana.pipeline_board import Rows, pipeline
from deploy.grafana.slo_board import slo
from deploy.grafana.sql_query import PLUGIN
from guard.model.rules import Rules

#: Days are told as everywhere else.
_ZONE = "Asia/Jakarta"


def boards(rules: Rules) -> dict[str, str]:
    """The files, by name."""
    return {
        "pipeline.json": _board("pipeline", "signaltape: pipeline", "now-6h", pipeline()),
        "slo.json": _board("slo", "signaltape: objectives", "now-24h", slo(rules)),
        "kpis.json": _board("kpis", "signaltape: key figures", "now-30d", kpis()),
    }


def _board(name: str, title: str, since: str, rows: Rows) -> str:
    board = Dashboard(title).uid(f"signaltape-{name}").tags(["signaltape"]).timezone(_ZONE).refresh("30s")
    board.time(since, "now").week_start("monday")
    board.with_variable(DatasourceVariable("prometheus").label("Prometheus").type("prometheus"))
    board.with_variable(DatasourceVariable("postgres").label("Postgres").type(PLUGIN))
    for row, panels in rows.items():
        board.with_row(Row(row))
        for panel in panels:
            board.with_panel(panel)
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
