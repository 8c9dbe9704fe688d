"""The queue's tables. A migration that has shipped is never edited; a new column is a new one."""

from typing import Final

from edge.kernel.migrations import Migration
from edge.kernel.remembered import watched

MIGRATIONS: Final = (
    Migration(
        "queue/001",
        """
        CREATE TABLE ticket(
            id TEXT PRIMARY KEY,
            seq INTEGER NOT NULL UNIQUE,
            day TEXT NOT NULL,
            number TEXT NOT NULL,
            service TEXT NOT NULL,
            tier TEXT NOT NULL,
            queue TEXT NOT NULL,
            state TEXT NOT NULL,
            channel TEXT NOT NULL,
            language TEXT NOT NULL,
            priority_reason TEXT,
            customer TEXT,
            phone_ref TEXT,
            taken_ms INTEGER NOT NULL,
            place_ms INTEGER NOT NULL,
            ahead INTEGER NOT NULL,
            wait_low_s INTEGER NOT NULL,
            wait_high_s INTEGER NOT NULL,
            called_ms INTEGER,
            last_call_ms INTEGER,
            last_call_seq INTEGER,
            served_ms INTEGER,
            finished_ms INTEGER,
            counter TEXT,
            staff TEXT,
            calls INTEGER NOT NULL DEFAULT 0,
            outcome TEXT,
            rating INTEGER,
            slip TEXT NOT NULL,
            copies INTEGER NOT NULL DEFAULT 0,
            printer TEXT,
            transferred_from TEXT,
            rule TEXT,
            UNIQUE (day, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ticket_waiting ON ticket(queue, place_ms, seq) WHERE state = 'waiting';
        CREATE INDEX ticket_called ON ticket(day, last_call_seq) WHERE last_call_seq IS NOT NULL;
        CREATE INDEX ticket_slip ON ticket(slip) WHERE slip IN ('held', 'unknown');
        CREATE TABLE queue_day(
            day TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            closed_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE queue_series(
            day TEXT NOT NULL,
            letter TEXT NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (day, letter)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE queue_length(
            queue TEXT PRIMARY KEY,
            waiting INTEGER NOT NULL CHECK (waiting >= 0)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE queue_counter(
            counter TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            staff TEXT,
            ticket TEXT,
            since_ms INTEGER NOT NULL,
            pause_reason TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_counter_staff ON queue_counter(staff) WHERE staff IS NOT NULL;
        """,
    ),
    Migration(
        "queue/002-call-rules",
        """
        CREATE TABLE queue_call_rules(
            counter TEXT NOT NULL,
            temporary INTEGER NOT NULL CHECK (temporary IN (0, 1)),
            set_ms INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (counter, temporary)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE queue_calendar(
            day TEXT PRIMARY KEY,
            class TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE queue_counter ADD COLUMN promoted_in_row INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE queue_counter ADD COLUMN turns TEXT NOT NULL DEFAULT '{}';
        """,
    ),
    Migration(
        "queue/003-remote",
        """
        ALTER TABLE ticket ADD COLUMN holder TEXT;
        ALTER TABLE ticket ADD COLUMN activated_ms INTEGER;
        ALTER TABLE ticket ADD COLUMN passed_ms INTEGER;
        CREATE INDEX ticket_pending ON ticket(queue, place_ms) WHERE state = 'pending';
        CREATE INDEX ticket_holder ON ticket(holder, taken_ms) WHERE holder IS NOT NULL;
        """,
    ),
    Migration(
        "queue/004-lost",
        """
        ALTER TABLE queue_counter ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE queue_counter ADD COLUMN why BLOB;
        """,
    ),
    Migration(
        "queue/005-appointment",
        """
        ALTER TABLE ticket ADD COLUMN appointment TEXT;
        CREATE UNIQUE INDEX ticket_appointment ON ticket(appointment) WHERE appointment IS NOT NULL;
        """,
    ),
    Migration(
        "queue/006-outlook",
        """
        CREATE TABLE queue_outlook(
            ticket TEXT PRIMARY KEY,
            ahead INTEGER NOT NULL,
            low_s INTEGER NOT NULL,
            high_s INTEGER NOT NULL,
            middle_s INTEGER NOT NULL,
            least_high_s INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE queue_outlook_newcomer(
            queue TEXT PRIMARY KEY,
            ahead INTEGER NOT NULL,
            position INTEGER NOT NULL,
            low_s REAL NOT NULL,
            high_s REAL NOT NULL,
            step_s REAL NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "queue/007-desk",
        """
        ALTER TABLE queue_counter ADD COLUMN walk_ins_owed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE queue_counter ADD COLUMN finished_ms INTEGER;
        """,
    ),
    Migration(
        "queue/008-diversion",
        """
        CREATE TABLE queue_diversion(
            offer TEXT PRIMARY KEY,
            day TEXT NOT NULL,
            service TEXT NOT NULL,
            accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
            at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX queue_diversion_sent ON queue_diversion(at_ms) WHERE accepted = 1;
        """,
    ),
    Migration("queue/009-bound", "ALTER TABLE ticket ADD COLUMN bound_from TEXT;"),
    Migration(
        "queue/010-more-time",
        """
        CREATE TABLE queue_more_time(
            ticket TEXT PRIMARY KEY,
            times INTEGER NOT NULL,
            at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "queue/011-diverted-by-hand",
        """
        INSERT OR IGNORE INTO queue_diversion
        SELECT id, day, service, 1, finished_ms FROM ticket WHERE state = 'cancelled' AND outcome = 'diverted_self_service';
        """,
    ),
    Migration("queue/012-noticed", watched("queue_call_rules", "queue_calendar")),
)
