"""Python's `websockets` as an echo on any path and a room on each /room/NAME.

usage: websockets_server.py PORT TLS_PORT CERTIFICATE KEY
"""

import asyncio
import collections
import ssl
import sys

import websockets

ROOMS = collections.defaultdict(set)
OPTIONS = {'compression': None, 'max_size': None, 'ping_interval': None, 'backlog': 4096}


def path_of(websocket):
    """The request's path, which later versions keep elsewhere."""
    return websocket.request.path if hasattr(websocket, 'request') else websocket.path


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def take_part(websocket, members):
    members.add(websocket)
    try:
        async for message in websocket:
            websockets.broadcast(members - {websocket}, message)
    finally:
        members.discard(websocket)


async def handle(websocket):
    path = path_of(websocket)
    try:
        if path.startswith('/room/'):
            await take_part(websocket, ROOMS[path])
        else:
            await echo(websocket)
    except websockets.ConnectionClosed:
        pass


async def main(port, tls_port, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with websockets.serve(handle, '127.0.0.1', int(port), **OPTIONS):
        async with websockets.serve(handle, '127.0.0.1', int(tls_port), ssl=context, **OPTIONS):
            await asyncio.Future()


if __name__ == '__main__':
    asyncio.run(main(*sys.argv[1:]))
