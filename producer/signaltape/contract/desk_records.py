"""The desk's records: what traders and operators are told, what was decided on it, and what people did."""

# Annotations are no texts here: each would be compiled at import, twice.
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from signaltape.contract.events import SignalId, Text
from signaltape.contract.measure_records import Examples
from signaltape.contract.record_base import Amount, Count, Group, Moment, Name, Number, Price, Quality, Record


class Alert(Record, kw_only=True, frozen=True, rename="camel"):
    """What the engine wants its traders to be told, whether of a signal or of itself."""

    EVENT: ClassVar[str] = "alert"
    GROUP: ClassVar[Group] = Group.DESK

    category: Annotated[
        Literal["institutional", "sniper", "scalp", "health"],
        Meta(description="must be institutional, sniper, scalp or health"),
    ]
    ref_id: Text | None = None
    side: Annotated[Literal["long", "short"], Meta(description="must be long or short")] | None = None
    confidence: Annotated[float, Meta(ge=0, le=100, description="must be in 0..100")] | None = None
    title: Text | None = None
    lines: (
        Annotated[
            list[Text],
            Meta(max_length=20, description="must be a list of at most 20 texts of 512 characters"),
        ]
        | None
    ) = None
    next: Text | None = None
    signal_id: SignalId | None = None
    expiry_minutes: Annotated[float, Meta(gt=0, le=1e6, description="must be minutes, above 0")] | None = None
    entry: Price | None = None
    entry_low: Price | None = None
    entry_high: Price | None = None
    sl: Price | None = None
    tp1: Price | None = None
    tp2: Price | None = None
    rr: Amount | None = None
    atr_pct: Amount | None = None
    etf_inflow_usd: Number | None = None
    data_quality: Quality | None = None
    degraded: bool | None = None
    setup: Text | None = None
    timeframe: Text | None = None


class AlertDecision(Record, kw_only=True, frozen=True, rename="camel"):
    """What the desk decided on an alert, and why."""

    EVENT: ClassVar[str] = "alert_decision"
    GROUP: ClassVar[Group] = Group.DESK

    ref_id: Text
    category: Name
    decision: Annotated[
        Literal["sent", "held", "not_sent"], Meta(description="must be sent, held or not_sent")
    ]
    reason: Text | None = None
    signal_id: SignalId | None = None


class FeedbackClick(Record, kw_only=True, frozen=True, rename="camel"):
    """A person's click below an alert, or a reaction to it."""

    EVENT: ClassVar[str] = "feedback_click"
    GROUP: ClassVar[Group] = Group.DESK

    ref_id: Text
    chat_id: Text
    user_id: Count
    kind: Annotated[
        Literal["rating", "took", "reaction"], Meta(description="must be rating, took or reaction")
    ]
    value: Name
    signal_id: SignalId | None = None
    latency_to_click_ms: Count | None = None


class OperatorAct(Record, kw_only=True, frozen=True, rename="camel"):
    """Something that a person did to the system: who, by which way, from what to what, and what came of it."""

    EVENT: ClassVar[str] = "operator_act"
    GROUP: ClassVar[Group] = Group.DESK

    act: Name
    by: Text
    via: Annotated[Literal["telegram", "shell", "web"], Meta(description="must be telegram, shell or web")]
    result: Text
    user_id: Count | None = None
    chat_id: Text | None = None
    before: Text | None = None
    after: Text | None = None


class SystemAlert(Record, kw_only=True, frozen=True, rename="camel"):
    """What guard decided of the system: a rule is broken at a subject, or holds again.

    value: what was measured, limit: what it was held against; None where there was nothing to measure.
    since: from when on it was so; examples: request ids.
    """

    EVENT: ClassVar[str] = "system_alert"
    GROUP: ClassVar[Group] = Group.DESK

    rule: Name
    category: Annotated[Literal["health", "performance"], Meta(description="must be health or performance")]
    subject: Text
    state: Annotated[Literal["firing", "resolved"], Meta(description="must be firing or resolved")]
    value: Number | None = None
    limit: Number | None = None
    since: Moment | None = None
    examples: Examples | None = None
