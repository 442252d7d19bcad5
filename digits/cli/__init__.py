"""What is typed: `digits COMMAND`. Alone in asking git and DVC."""
