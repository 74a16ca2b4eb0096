"""One LXC system container: `plan`, `config` and `users` are pure; `host` and `root` touch the machine."""
