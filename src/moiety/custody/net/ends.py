"""The two ends of a gRPC connection: mutual TLS 1.3 with pinned public keys, see `tls`.

gRPC takes no callback that would see the certificate of a server. So a client first makes one bare TLS connection,
compares the key that the handshake proved possession of with the pin, and gives gRPC exactly that certificate as
the only one to trust.
"""

from __future__ import annotations

import hmac
from collections.abc import Container

import grpc

from moiety.custody.messages import MOST_BYTES
from moiety.custody.net import tls
from moiety.custody.net.tls import Identity, Pin
from moiety.custody.refusals import PeerUnknown

SILENT_S = 5.0
"""How long a peer may be silent that answers nothing at all: a ping after two seconds, and three for its answer."""

OPTIONS = (
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.max_receive_message_length", MOST_BYTES),
    # A peer that was stopped, or whose machine went away without a word, is noticed within `SILENT_S`. Whoever computes
    # for long is not: pings are answered beside that.
    ("grpc.keepalive_time_ms", 2_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.ping_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 500),  # what a server bears of a peer that pings every 2 s
    ("grpc.http2.max_pings_without_data", 0),
    # Planes of bits are some hundred kilobytes: one frame each, and no probing for the line's bandwidth.
    ("grpc.http2.max_frame_size", (1 << 24) - 1),
    ("grpc.http2.lookahead_bytes", 1 << 24),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.so_reuseport", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


def credentials(identity: Identity) -> grpc.ServerCredentials:
    """For a server that speaks to nobody without a certificate."""
    own = [(identity.key, identity.certificate)]
    return grpc.ssl_server_credentials(own, identity.authority, require_client_auth=True)


def channel(address: str, pinned: Pin, identity: Identity) -> grpc.Channel:
    """A channel to whoever holds the pinned key there. Raises OSError where nobody answers, and `PeerUnknown`."""
    certificate = tls.shown(address, identity)
    if not hmac.compare_digest(tls.pin(certificate), pinned):
        raise PeerUnknown
    credentials = grpc.ssl_channel_credentials(certificate, identity.key, identity.certificate)
    return grpc.secure_channel(address, credentials, options=(*OPTIONS, ("grpc.ssl_target_name_override", tls.NAME)))


def who(context: grpc.ServicerContext, pins: Container[Pin]) -> Pin:
    """The pinned key of whoever calls.

    Raises `PeerUnknown` for any other, whoever signed for it, and for anything older than TLS 1.3, which gRPC speaks.
    """
    named = context.auth_context()
    if named.get("ssl_tls_version") != [b"TLSv1.3"]:
        raise PeerUnknown
    found = tls.pin(named["x509_pem_cert"][0])
    if found not in pins:
        raise PeerUnknown
    return found
