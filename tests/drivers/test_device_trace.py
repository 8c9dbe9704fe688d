"""The trace: short, without anything personal, and silent while a secret is entered."""

from drivers.trace import FRAME_BYTES_MAX, FRAMES_MAX, Trace, Way


def test_the_newest_frames_are_kept_and_can_be_followed() -> None:
    trace = Trace(content=True)
    for n in range(FRAMES_MAX + 10):
        trace.note(Way.TO_DEVICE, float(n), bytes((n % 256,)))
    assert len(trace.after(0)) == FRAMES_MAX
    assert trace.after(0)[0].n == 11
    assert [frame.n for frame in trace.after(FRAMES_MAX + 8)] == [FRAMES_MAX + 9, FRAMES_MAX + 10]


def test_only_the_beginning_of_a_long_frame_is_kept() -> None:
    trace = Trace(content=True)
    trace.note(Way.TO_DEVICE, 0.0, b"x" * 10_000)
    (frame,) = trace.after(0)
    assert (frame.size_bytes, frame.data) == (10_000, b"x" * FRAME_BYTES_MAX)


def test_what_may_be_personal_leaves_only_its_length() -> None:
    trace = Trace(content=False)
    trace.note(Way.FROM_DEVICE, 0.0, b"6222020200112233446")
    (frame,) = trace.after(0)
    assert (frame.size_bytes, frame.data) == (19, None)


def test_a_secret_leaves_one_mark_and_nothing_else() -> None:
    trace = Trace(content=True)
    with trace.hidden(1.0):
        for _ in range(6):
            trace.note(Way.FROM_DEVICE, 2.0, b"*")
        with trace.hidden(3.0):
            trace.note(Way.FROM_DEVICE, 3.0, b"*")
        trace.note(Way.FROM_DEVICE, 4.0, b"*")
    trace.note(Way.TO_DEVICE, 5.0, b"done")
    assert [(frame.way, frame.data) for frame in trace.after(0)] == [(Way.HIDDEN, None), (Way.TO_DEVICE, b"done")]
