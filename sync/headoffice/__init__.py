"""Head office: keeps every branch's journal as it was received, and shows what the branches are doing."""
