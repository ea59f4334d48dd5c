"""Subscriptions and their events. Unlike what was released, a subscription's row is kept up to date."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hi_fhir.store.models import Base


class SubscriptionRow(Base):
    """Grain: one row per Subscription. Whose it is: of a Reader's, by audience and organisations (null: all), and among
    these of the registered client `client_id` that made it; null: of any, as what was made where nobody logs in.

    content: the resource as its client wants it, without header values. headers: sealed. status: requested, active,
    error or off. error: why it is in error, or off, in our own words. is_deleted: it is gone, and its events are kept.

    last_number: of its last event; events have numbers from 1 without gaps. acknowledged: up to which it has been told.
    due_at: when something is to be done about it next (a handshake, a notification, a heartbeat, its end); null:
    nothing. leased_until: until when one process alone does so. tries: how often what is due has failed so far;
    failing_since: since when.
    """

    __tablename__ = "subscription"
    __table_args__ = (Index(None, "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int]
    audience: Mapped[str]
    organisations: Mapped[list[str] | None] = mapped_column(JSON)
    client_id: Mapped[str | None]
    recorded_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    content: Mapped[str]
    headers: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    error: Mapped[str | None]
    is_deleted: Mapped[bool]
    last_number: Mapped[int]
    acknowledged: Mapped[int]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    tries: Mapped[int]
    failing_since: Mapped[datetime | None]
    told_at: Mapped[datetime | None]


class SubscriptionEventRow(Base):
    """Grain: one row per event of a subscription: a version of a report that it is to be told of."""

    __tablename__ = "subscription_event"

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    recorded_at: Mapped[datetime]
