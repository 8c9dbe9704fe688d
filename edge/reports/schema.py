"""The tables that reports are made of; what fills them is in `tables.py`."""

from typing import Final

from edge.kernel.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "reports/001",
        """
        CREATE TABLE report_ticket(
            day TEXT NOT NULL,
            seq INTEGER NOT NULL,
            ticket TEXT NOT NULL,
            number TEXT NOT NULL,
            service TEXT NOT NULL,
            tier TEXT NOT NULL,
            channel TEXT NOT NULL,
            recognised INTEGER NOT NULL,
            priority_reason TEXT,
            printer TEXT,
            taken_ms INTEGER NOT NULL,
            activated_ms INTEGER,
            since_ms INTEGER NOT NULL,
            low_s INTEGER NOT NULL,
            high_s INTEGER NOT NULL,
            ahead INTEGER NOT NULL,
            state TEXT NOT NULL,
            calls INTEGER NOT NULL DEFAULT 0,
            recalls INTEGER NOT NULL DEFAULT 0,
            first_call_seq INTEGER,
            first_call_ms INTEGER,
            call_seq INTEGER,
            last_call_ms INTEGER,
            counter TEXT,
            staff TEXT,
            rule TEXT,
            reason TEXT,
            served_ms INTEGER,
            ended_ms INTEGER,
            outcome TEXT,
            transfers INTEGER NOT NULL DEFAULT 0,
            queue TEXT NOT NULL,
            score INTEGER,
            complaints TEXT,
            PRIMARY KEY (day, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_call(
            day TEXT NOT NULL,
            seq INTEGER NOT NULL,
            ticket_seq INTEGER NOT NULL,
            number TEXT NOT NULL,
            service TEXT NOT NULL,
            tier TEXT NOT NULL,
            counter TEXT NOT NULL,
            staff TEXT NOT NULL,
            rule TEXT NOT NULL,
            reason TEXT NOT NULL,
            note TEXT NOT NULL,
            called_ms INTEGER NOT NULL,
            last_ms INTEGER NOT NULL,
            recalls INTEGER NOT NULL DEFAULT 0,
            ready_ms INTEGER NOT NULL,
            served_ms INTEGER,
            ended_ms INTEGER,
            result TEXT,
            PRIMARY KEY (day, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_presence(
            day TEXT NOT NULL,
            seq INTEGER NOT NULL,
            shift INTEGER NOT NULL,
            counter TEXT NOT NULL,
            staff TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            from_ms INTEGER NOT NULL,
            to_ms INTEGER,
            automatic INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (day, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_counter(
            counter TEXT PRIMARY KEY,
            day TEXT NOT NULL,
            shift INTEGER NOT NULL,
            span INTEGER NOT NULL,
            free_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_now(
            one INTEGER PRIMARY KEY CHECK (one = 1),
            day TEXT NOT NULL
        ) STRICT;
        CREATE TABLE report_day_fact(
            day TEXT PRIMARY KEY,
            seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_roll(
            day TEXT NOT NULL,
            part TEXT NOT NULL,
            cells BLOB NOT NULL,
            PRIMARY KEY (day, part)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE report_day(
            day TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            layout INTEGER NOT NULL,
            through_seq INTEGER NOT NULL,
            rolled_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "reports/002-diversion",
        """
        CREATE TABLE report_diversion(
            day TEXT NOT NULL,
            seq INTEGER NOT NULL,
            service TEXT NOT NULL,
            accepted INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            PRIMARY KEY (day, seq)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "reports/003-hands",
        """
        ALTER TABLE report_ticket ADD COLUMN pins INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE report_ticket ADD COLUMN hand TEXT;
        """,
    ),
    Migration(
        "reports/004-later-promises",
        """
        ALTER TABLE report_ticket ADD COLUMN later_kept INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE report_ticket ADD COLUMN later_early INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE report_ticket ADD COLUMN later_late INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE report_ticket ADD COLUMN later_late_s INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    Migration(
        "reports/005-appointments",
        """
        ALTER TABLE report_ticket ADD COLUMN appointed INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE report_appointment(
            day TEXT NOT NULL,
            seq INTEGER NOT NULL,
            appointment TEXT NOT NULL,
            service TEXT NOT NULL,
            channel TEXT NOT NULL,
            start_ms INTEGER NOT NULL,
            expert INTEGER NOT NULL,
            cash INTEGER NOT NULL,
            state TEXT NOT NULL,
            came_ms INTEGER,
            ticket_seq INTEGER,
            PRIMARY KEY (day, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX report_appointment_id ON report_appointment(appointment);
        CREATE INDEX report_appointment_ticket ON report_appointment(day, ticket_seq) WHERE ticket_seq IS NOT NULL;
        INSERT INTO report_appointment
        SELECT appointment.day, min(journal.seq), appointment.id, appointment.service, appointment.channel,
               appointment.start_ms, 0, appointment.cash_minor IS NOT NULL, appointment.state, NULL,
               (SELECT seq FROM ticket WHERE ticket.id = coalesce(appointment.ticket, early_ticket))
        FROM journal JOIN appointment ON appointment.id = journal.entity
        WHERE journal.type = 'appointments.appointment_booked.v1' GROUP BY appointment.id;
        UPDATE report_appointment SET expert = asked FROM (
            SELECT entity, json_extract(CAST(body AS TEXT), '$.expert') IS NOT NULL AS asked, max(seq) FROM journal
            WHERE type IN ('appointments.appointment_booked.v1', 'appointments.appointment_rebooked.v1') GROUP BY entity
        ) WHERE entity = appointment;
        UPDATE report_appointment SET came_ms = at_ms FROM (
            SELECT entity, at_ms, min(seq) FROM journal
            WHERE type IN ('appointments.appointment_signed_in.v1', 'appointments.appointment_came_early.v1',
                           'appointments.appointment_released.v1')
            GROUP BY entity
        ) WHERE entity = appointment;
        UPDATE report_ticket SET appointed = 1
        WHERE (day, seq) IN (SELECT day, ticket_seq FROM report_appointment WHERE ticket_seq IS NOT NULL);
        """,
    ),
    Migration(
        "reports/006-columns",
        """
        ALTER TABLE report_ticket ADD COLUMN shown TEXT;
        ALTER TABLE report_ticket ADD COLUMN device TEXT;
        ALTER TABLE report_ticket ADD COLUMN sms TEXT;
        ALTER TABLE report_ticket ADD COLUMN triggered_by TEXT;
        ALTER TABLE report_call ADD COLUMN triggered_by TEXT NOT NULL DEFAULT 'order';
        ALTER TABLE report_call ADD COLUMN scheduled INTEGER NOT NULL DEFAULT 0;
        UPDATE report_call SET scheduled = rule NOT IN ('priority_then_time', 'credit', 'turns', 'picked_by_hand');
        UPDATE report_call SET triggered_by = CASE
            WHEN reason = 'past_its_threshold' THEN 'threshold'
            WHEN reason = 'picked_by_hand' THEN 'manual'
            WHEN reason IN ('sent_to_this_counter', 'sent_to_this_teller') THEN 'sent_here'
            WHEN reason = 'after_promoted_calls' THEN 'cap'
            WHEN reason = 'between_appointments' THEN reason
            WHEN reason = 'its_turn' THEN 'ratio'
            WHEN reason = 'highest_credit' THEN 'credit'
            WHEN (SELECT appointed FROM report_ticket AS t WHERE t.day = report_call.day AND t.seq = ticket_seq) = 1
                THEN 'appointment'
            WHEN scheduled THEN 'schedule'
            ELSE 'order' END;
        UPDATE report_ticket SET
            triggered_by = (SELECT c.triggered_by FROM report_call AS c
                            WHERE c.day = report_ticket.day AND c.seq = report_ticket.call_seq),
            sms = (SELECT outcome FROM notify_reminder AS r WHERE r.ticket = report_ticket.ticket),
            device = (SELECT substr(actor, 8) FROM journal
                      WHERE journal.seq = report_ticket.seq AND actor LIKE 'device:%');
        UPDATE report_ticket SET device = substr(actor, 8) FROM journal
        WHERE journal.type = 'queue.ticket_activated.v1' AND journal.entity = report_ticket.ticket
          AND journal.actor LIKE 'device:%';
        """,
    ),
    Migration("reports/007-follow-ups", "ALTER TABLE report_ticket ADD COLUMN follow_up TEXT;"),
    Migration(
        "reports/008-parking",
        """
        ALTER TABLE report_appointment ADD COLUMN parking INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE report_appointment ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
        UPDATE report_appointment SET parking = 1, parked = came FROM (
            SELECT visit, max(state IN ('inside', 'left')) AS came FROM parking_stay GROUP BY visit
        ) WHERE visit = report_appointment.appointment;
        """,
    ),
)
