"""The limit to compare with: a bare aiohttp handler that appends one durable row, with group commit, on uvloop.

    python -m tests.bench.bare FOLDER

No queue, no journal chain, no rights, no receipts: what is left when everything that makes a branch is taken away.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from edge.kernel.db import Connection, Database

SCHEMA = "CREATE TABLE row(n INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT"


async def serve(folder: Path) -> None:
    database = Database(folder / "bare.db")
    database.connection.execute(SCHEMA)
    database.start()

    async def append(request: web.Request) -> web.Response:
        body = await request.read()

        def insert(connection: Connection) -> int:
            connection.execute("INSERT INTO row(body) VALUES (?)", (body,))
            return connection.last_insert_rowid()

        number = await database.write(insert)
        return web.Response(body=b'{"n":%d}' % number, content_type="application/json", status=201)

    application = web.Application()
    application.router.add_post("/rows", append)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare handler: http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as it:
        it.run(serve(Path(sys.argv[1])))
