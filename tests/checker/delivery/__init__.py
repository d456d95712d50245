"""What clients of rooms recorded, compared with what the server promises."""
