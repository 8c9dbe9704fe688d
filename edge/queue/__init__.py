"""The queue: numbers, calls, counters, the business day. What Branchbox exists for."""
