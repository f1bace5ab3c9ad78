"""`trackhelm-server ROLE`: one file a role. It reads settings, composes, and runs; it holds no rule."""
