"""Run one service: ``python3 -m calculator --config /etc/calculator.json``."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys

from .config import FRONTEND, Config, ConfigError, load
from .web import CannotListenError, serve


async def _run(config: Config) -> None:
    # A service does without what only the frontend needs: it starts sooner and stays smaller.
    module = importlib.import_module(".frontend" if config.service == FRONTEND else ".service", __package__)
    await serve(config, module.application(config))


def main() -> int:
    """Return the exit status; 78, EX_CONFIG, tells systemd that another attempt is of no use."""
    parser = argparse.ArgumentParser(prog="calculator", description=__doc__)
    parser.add_argument("--config", required=True, help="the service's configuration file")
    try:
        asyncio.run(_run(load(parser.parse_args().config)))
    except (ConfigError, CannotListenError) as error:
        print(f"calculator: {error}", file=sys.stderr)
        return os.EX_CONFIG if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
