"""Who may do what: users, their rules, and the log of what they were denied."""
