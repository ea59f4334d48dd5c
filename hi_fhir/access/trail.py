"""Notes of what the service refused, on their way to the store: taken at once, written by a thread of their own.

Whoever is refused again and again makes one row a minute. A client makes `_ROWS` rows a minute at most, and all who
are none together as many; what is beyond that is one row more, which says how many it stands for. So nobody fills a
disk or the memory, and the store is held for a moment, whatever is asked. What was noted since the last writing is
lost where the process is killed.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from hi_fhir.core.clock import Clock
from hi_fhir.store.audit_events import AuditNote, AuditOutcome, AuditReason, forget
from hi_fhir.store.audit_models import AuditEventRow
from hi_fhir.store.session import Store

log = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)
_ROWS = 60
_WAITING = 2_000  # rows that wait for a store that cannot be written to
_WRITE_S = 2
_FORGET_EVERY = timedelta(hours=1)


@dataclass(eq=False)
class _Noted:
    """What became of a note within its minute. row: the id of its row, once that is written."""

    note: AuditNote
    first_at: datetime
    last_at: datetime
    times: int = 0
    row: int | None = None


@dataclass
class _Minute:
    began_at: datetime
    rows: int = 0


class AuditTrail:
    """kept: for how long events are."""

    def __init__(self, store: Store, clock: Clock, kept: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept
        self._lock = threading.Lock()
        self._noted: dict[AuditNote, _Noted] = {}
        self._minutes: dict[str | None, _Minute] = {}
        self._waiting: dict[int, _Noted] = {}
        self._forgot_at: datetime | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what was noted, and take up nothing more."""
        self._over.set()
        self._thread.join()
        self.write()

    def note(self, note: AuditNote) -> None:
        """Take a note. Waits for nothing."""
        now = self._clock.now()
        with self._lock:
            found = self._of_this_minute(note, now) or self._begun(note, now)
            found.times += 1
            found.last_at = now
            self._waiting[id(found)] = found

    def write(self) -> None:
        """Have the store keep what was noted since the last time. What it does not take waits for the next."""
        with self._lock:
            due = [*self._waiting.values()]
            now = [(one.times, one.last_at) for one in due]
            self._waiting.clear()
            self._let_go(self._clock.now())
        if not due:
            return
        try:
            self._keep(due, now)
        except Exception:
            log.exception("audit events cannot be written; they wait")
            with self._lock:
                self._waiting |= {id(one): one for one in due}

    def forget(self) -> None:
        """Have the store forget what is older than what is kept, a part at a time."""
        is_more = True
        while is_more and not self._over.is_set():
            with self._store.write() as session:
                is_more = forget(session, self._clock.now() - self._kept)

    def _of_this_minute(self, note: AuditNote, now: datetime) -> _Noted | None:
        found = self._noted.get(note)
        return found if found is not None and now - found.first_at < _MINUTE else None

    def _begun(self, note: AuditNote, now: datetime) -> _Noted:
        """A row for a note, or that which stands for all that have none."""
        who = note.client_id or note.organisation
        minute = self._minutes.get(who)
        if minute is None or now - minute.began_at >= _MINUTE:
            minute = self._minutes[who] = _Minute(now)
        if minute.rows >= _ROWS or len(self._waiting) >= _WAITING:
            note = AuditNote(
                AuditOutcome.OVERFLOW, AuditReason.MORE_THAN_KEPT, note.client_id, note.organisation, note.audience
            )
            found = self._of_this_minute(note, now)
            if found is not None:
                return found
        minute.rows += 1
        begun = self._noted[note] = _Noted(note, now, now)
        return begun

    def _let_go(self, now: datetime) -> None:
        """Forget the minutes that are over."""
        self._noted = {note: one for note, one in self._noted.items() if now - one.first_at < _MINUTE}
        self._minutes = {who: one for who, one in self._minutes.items() if now - one.began_at < _MINUTE}

    def _keep(self, due: Sequence[_Noted], now: Sequence[tuple[int, datetime]]) -> None:
        new, again = [], []
        for one, (times, last_at) in zip(due, now, strict=True):
            if one.row is None:
                new.append((one, one.note.row(one.first_at, last_at, times)))
            else:
                again.append({"id": one.row, "times": times, "last_at": last_at})
        with self._store.write() as session:
            session.add_all(row for _, row in new)
            session.flush()
            if again:
                session.execute(update(AuditEventRow), again)
        for one, row in new:
            one.row = row.id

    def _work(self) -> None:
        while not self._over.wait(_WRITE_S):
            self.write()
            now = self._clock.now()
            if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
                self._forgot_at = now
                try:
                    self.forget()
                except Exception:
                    log.exception("audit events cannot be forgotten; tried again in an hour")
