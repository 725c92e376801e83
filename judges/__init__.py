"""Other engines, run beside ours in processes of their own; development only."""
