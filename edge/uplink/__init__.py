"""The branch's end of the line to head office: our journal, seen the way sync wants it."""
