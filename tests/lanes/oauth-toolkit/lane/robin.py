"""A round robin in front of several gateways: connection by connection, and it retries nothing."""

import asyncio
import contextlib
import itertools
import threading


class RoundRobin:
    def __init__(self, port):
        self.targets, self.turn, self.refused, self.served = [], itertools.count(), 0, {}
        self.serving = set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        listening = asyncio.start_server(self.serve, "127.0.0.1", port, backlog=256)
        self.server = asyncio.run_coroutine_threadsafe(listening, self.loop).result()

    async def serve(self, reader, writer):
        # The loop itself holds its tasks weakly.
        self.serving.add(asyncio.current_task())
        asyncio.current_task().add_done_callback(self.serving.discard)
        targets = self.targets
        target = targets[next(self.turn) % len(targets)]
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            self.refused += 1
            writer.close()
            return
        self.served[target] = self.served.get(target, 0) + 1
        asked = asyncio.ensure_future(copy(reader, there[1]))
        with contextlib.suppress(asyncio.CancelledError):  # at the end of the lane
            await copy(there[0], writer)
        asked.cancel()
        for end in (writer, there[1]):
            end.close()

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result()

    async def end(self):
        self.server.close()
        serving = list(self.serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def copy(reader, writer):
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
