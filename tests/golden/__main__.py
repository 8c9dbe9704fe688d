"""`python -m tests.golden --update` adds what is new; without it, says what is missing and fails if anything is."""

import sys

from tests.golden.bodies import frozen_migrations, migrations_now, missing_events, update

if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        print("\n".join(update()) or "nothing new")
    else:
        missing = [*missing_events(), *sorted(migrations_now().keys() - frozen_migrations().keys())]
        print("\n".join(missing) or "complete")
        sys.exit(bool(missing))
