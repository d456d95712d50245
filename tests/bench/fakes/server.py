"""Opens a port and does nothing with it: server.py PORT NAME."""

import socket
import sys

listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    listener.accept()[0].close()
