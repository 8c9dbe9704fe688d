"""The lobby manager's view: who will wait too long, who has arrived, what to do about it now."""
