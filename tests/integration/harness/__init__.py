"""What the integration and conformance tests share: the daemon, raw clients, logs, frames."""
