"""The voice of the hall: recorded words joined into calls, through a loudspeaker on the box."""
